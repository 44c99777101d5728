def total(lines)
    return sum(lines)

def retrying(call):
    for _ in range(3):
        try:
            return call()
        except Exception as error:
            last = error
    raise RuntimeError("gave up after 3 tries") from last


def cached(cache, key, load):
    try:
        return cache[key]
    except KeyError:
        return load()

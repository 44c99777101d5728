def assert_status(answer, wanted):
    assert answer.status_code == wanted, f"{answer.status_code} {answer.reason}"

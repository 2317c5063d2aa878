"""The server's keys as they are given, and what tells them apart."""

from tasksys.keyring import prints, several

OLD, NEW = "o" * 32, "n" * 40


def test_prints_tell_keys_apart_and_are_the_same_everywhere() -> None:
    """In the order of the keys; workers of any release compare them."""
    assert prints(f"{OLD}\n{NEW}") == (*prints(OLD), *prints(NEW))
    assert prints(OLD) == ("d2f291dd320b4fee1f97dcfc",)
    assert prints("") == several("") == ()
    assert not any(OLD in one for one in prints(OLD))

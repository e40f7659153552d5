"""The files in an archive are those that were given."""

from honmono.data.sources.members import Member, Members


GIVEN = [Member("b/2.png", 1 << 40, 3), Member("", 0, 0), Member("caf\udce9.png", 512, 1 << 33)]


def test_members_are_those_that_were_given() -> None:
    members = Members(GIVEN[:1])
    members.extend(GIVEN[1:])
    assert list(members) == GIVEN and members[-1] == GIVEN[-1] and list(members[::-1]) == GIVEN[::-1]
    assert list(members.names) == [member.name for member in GIVEN]

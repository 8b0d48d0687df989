"""How permissions come together, who may hand on what, and the form of keys and address lists."""

import string
from uuid import UUID, uuid4

import pytest
from app.core.scope import Scope, covers, intersect, read_scope
from app.domains.identity.rules import PERMISSIONS, ROLES, permissions_of
from app.domains.identity.rules.access import (
    ASSIGNABLE,
    KEY_REFUSED,
    OWNER_ONLY,
    admits_address,
    granted,
    granted_to_key,
    make_key,
    may_hand_out,
    parse_key,
    parse_networks,
)
from hypothesis import given
from hypothesis import strategies as st

ACCOUNTS = [UUID(int=number) for number in range(1, 5)]
TAGS = [("env", "prod"), ("env", "dev"), ("team", "core"), ("team", "risk")]
permission_sets = st.frozensets(st.sampled_from(sorted(PERMISSIONS)))
holders = st.one_of(
    st.tuples(st.sampled_from(ROLES), st.none()),
    st.tuples(st.just("custom"), permission_sets.map(lambda names: tuple(sorted(names)))),
)
scopes = st.one_of(
    st.none(),
    st.builds(
        Scope,
        st.frozensets(st.sampled_from(ACCOUNTS), max_size=3),
        st.lists(st.sampled_from(TAGS), max_size=3, unique=True).map(tuple),
    ).filter(lambda scope: bool(scope.accounts or scope.tags)),
)
resources = st.tuples(
    st.sampled_from(ACCOUNTS),
    st.dictionaries(st.sampled_from(["env", "team"]), st.sampled_from(["prod", "dev", "core", "risk"])),
)


def sees(scope: Scope | None, resource: tuple[UUID, dict[str, str]]) -> bool:
    return scope is None or scope.has_resource(*resource)


@given(holders, permission_sets)
def test_a_key_never_does_more_than_its_owner_or_than_a_machine_may(
    holder: tuple[str, tuple[str, ...] | None], chosen: frozenset[str]
) -> None:
    owner = granted(*holder)
    rights = granted_to_key(tuple(sorted(chosen)), owner)
    assert rights <= owner
    assert rights <= chosen
    assert not rights & KEY_REFUSED
    assert rights == (chosen & owner) - KEY_REFUSED


@given(holders, holders, permission_sets)
def test_a_demoted_owner_takes_the_keys_along(
    before: tuple[str, tuple[str, ...] | None], after: tuple[str, tuple[str, ...] | None], chosen: frozenset[str]
) -> None:
    names = tuple(sorted(chosen))
    lost = granted(*before) - granted(*after)
    assert not granted_to_key(names, granted(*after)) & lost


@given(permission_sets)
def test_a_custom_role_never_holds_what_stays_with_the_owner(names: frozenset[str]) -> None:
    assert granted("custom", tuple(names)) == names & ASSIGNABLE
    assert not granted("custom", tuple(names)) & OWNER_ONLY


@given(holders, scopes, permission_sets, scopes)
def test_nobody_hands_on_more_than_they_hold(
    holder: tuple[str, tuple[str, ...] | None],
    mine: Scope | None,
    given_names: frozenset[str],
    given_scope: Scope | None,
) -> None:
    allowed = may_hand_out(granted(*holder), mine, given_names, given_scope)
    if allowed:
        assert given_names <= granted(*holder)
        assert covers(mine, given_scope)
    if holder[0] != "owner" and given_names & OWNER_ONLY:
        assert not allowed


@given(scopes, scopes, resources)
def test_two_scopes_let_through_what_both_do(
    inner: Scope | None, outer: Scope | None, resource: tuple[UUID, dict[str, str]]
) -> None:
    assert sees(intersect(inner, outer), resource) == (sees(inner, resource) and sees(outer, resource))


@given(scopes, scopes, resources)
def test_a_covered_scope_shows_nothing_beyond_its_cover(
    outer: Scope | None, inner: Scope | None, resource: tuple[UUID, dict[str, str]]
) -> None:
    if covers(outer, inner) and sees(inner, resource):
        assert sees(outer, resource)


@given(scopes, scopes, scopes, resources)
def test_a_chain_of_scopes_covers_only_what_all_of_it_does(
    one: Scope | None, two: Scope | None, inner: Scope | None, resource: tuple[UUID, dict[str, str]]
) -> None:
    outer = intersect(one, two)
    if covers(outer, inner) and sees(inner, resource):
        assert sees(outer, resource)


@given(scopes)
def test_a_scope_survives_being_stored(scope: Scope | None) -> None:
    assert read_scope(scope.to_json() if scope else None) == scope


def test_accounts_that_have_nothing_in_common_show_nothing() -> None:
    both = intersect(Scope(frozenset({ACCOUNTS[0]})), Scope(frozenset({ACCOUNTS[1]})))
    assert both is not None
    assert both.account_ids == frozenset()
    assert not any(both.has_account(account) for account in ACCOUNTS)


def test_machines_are_refused_what_manages_people_keys_and_connections() -> None:
    for name in (
        "members:write",
        "roles:write",
        "api-keys:own",
        "api-keys:write",
        "accounts:write",
        "profile:read",
        "identity-providers:write",
        "ownership:write",
        "organization:write",
    ):
        assert name in KEY_REFUSED, name
    assert {"inventory:read", "alerts:write", "costs:read"} <= permissions_of("owner") - KEY_REFUSED


@given(st.uuids())
def test_a_made_key_is_read_back(key_id: UUID) -> None:
    assert parse_key(make_key(key_id)) == key_id


@given(st.data())
def test_one_wrong_character_fails_the_checksum(data: st.DataObject) -> None:
    key = make_key(uuid4())
    place = data.draw(st.integers(0, len(key) - 1))
    other = data.draw(st.sampled_from([c for c in string.ascii_letters + string.digits + "_-" if c != key[place]]))
    assert parse_key(key[:place] + other + key[place + 1 :]) is None


def test_two_keys_share_no_secret() -> None:
    made = {make_key(UUID(int=7)).split("_")[2] for _ in range(100)}
    assert len(made) == 100
    assert all(len(secret) == 64 for secret in made)


ADDRESSES = [
    ([], "198.51.100.7", True),
    (["198.51.100.7"], "198.51.100.7", True),
    (["198.51.100.7"], "198.51.100.8", False),
    (["198.51.100.0/24"], "198.51.100.255", True),
    (["198.51.100.0/24"], "198.51.101.0", False),
    (["198.51.100.99/24"], "198.51.100.1", True),
    (["198.51.100.0/24"], "::ffff:198.51.100.9", True),
    (["2001:db8::/32"], "2001:db8:ffff::1", True),
    (["2001:db8::/32"], "2001:db9::1", False),
    (["2001:db8::/32"], "198.51.100.1", False),
    (["198.51.100.0/24", "2001:db8::1"], "2001:0db8:0:0::1", True),
    (["198.51.100.0/24"], "", False),
    (["198.51.100.0/24"], "unknown", False),
    (["fe80::/10"], "fe80::1%eth0", True),
    (["0.0.0.0/0"], "::1", False),
]  # fmt: skip


@pytest.mark.parametrize(("networks", "address", "admitted"), ADDRESSES)
def test_the_address_list_knows_both_families(networks: list[str], address: str, admitted: bool) -> None:
    assert admits_address(parse_networks(networks), address) is admitted


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.3", "1.2.3.4/33", "256.1.1.1", "2001:db8::/129", "1.2.3.4-9", "fe80::1%eth0", "10.0.0.0/8/8"]
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # it carries the bad text and nothing else
        parse_networks([text])

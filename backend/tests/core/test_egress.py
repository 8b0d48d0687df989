"""The egress guard: what is refused, and that the connection goes to what was checked."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest
from app.core import egress
from app.core.addresses import InvalidAddress, is_public, parse_address
from app.core.config import Settings
from app.core.egress import AddressNotAllowed, RequestFailed, Resolver, check_address, check_endpoint, fetch
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

PUBLIC = "93.184.215.14"


def settings(*allowed: str, **more: object) -> Settings:
    return Settings(allowed_endpoints=allowed, **more)  # type: ignore[arg-type]  # pydantic checks them


def resolving(**names: Sequence[str]) -> Resolver:
    async def resolver(host: str, port: int) -> Sequence[str]:
        if host not in names and host.replace(".", "_") not in names:
            raise OSError("no such name")
        return names.get(host) or names[host.replace(".", "_")]

    return resolver


def every_name(*ips: str) -> Resolver:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ips

    return resolver


REFUSED_IPS = [
    "0.0.0.0",  # noqa: S104
    "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3",
    "127.255.255.255", "169.254.0.1", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.0.8", "192.0.0.9", "192.0.0.10", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1",
    "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "224.0.1.1",
    "239.255.255.255", "240.0.0.1", "250.1.1.1", "255.255.255.255", "168.63.129.16", "::", "::1", "::2",
    "::169.254.169.254", "::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:93.184.215.14",
    "::ffff:0:127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
    "2002:a9fe:a9fe::", "2002:7f00:1::", "2002:5db8:d70e::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "fe80::a9fe:a9fe", "fec0::1", "ff02::1", "ff0e::1", "ffff::1",
]  # fmt: skip

REFUSED_SPELLINGS = [
    # numbers that other parsers read as 127.0.0.1 or 169.254.169.254
    "https://2130706433/", "https://0x7f000001/", "https://017700000001/", "https://0177.0.0.1/", "https://0x7f.0.0.1/",
    "https://127.1/", "https://127.0.1/", "https://0/", "https://00000000/", "https://127.0.0.1./", "https://127.0.0.01/",
    "https://2852039166/", "https://0xa9fea9fe/", "https://169.254.43518/", "https://0251.0376.0251.0376/",
    "https://a9fe.a9fe.0xfe/", "https://1.2.3.4.5/", "https://256.1.1.1/", "https://99999999999/", "https://1.0x/",
    # other digits and dots
    "https://①②⑦.0.0.1/", "https://127。0。0。1/", "https://１６９.254.169.254/", "https://１２７.0.0.1/",
    "https://127．0．0．1/", "https://ⓛocalhost/",
    # IPv6 in odd forms
    "https://[::1]/", "https://[0:0:0:0:0:0:0:1]/", "https://[::ffff:7f00:1]/", "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[::1/", "https://::1/", "https://[]/",
    "https://[v1.fe]/", "https://[127.0.0.1]/", "https://[::1]x/",
    # user parts, separators, controls
    "https://public.example@127.0.0.1/", "https://user:pass@public.example/", "https://public.example:443@127.0.0.1/",
    "https://public.example\\@127.0.0.1/", "https://public.example\\.evil.example/", "https:\\\\public.example/",
    "https://public.example%2f@127.0.0.1/", "https://public%2eexample/", "https://public.example%00.evil.example/",
    "https://public.example\x00.evil.example/", "https://public.example /", " https://public.example/",
    "https://public.example/\n", "https://public.example/\r\nHost: x", "https://public.example/\t", "https://pub lic/",
    "https://public.example/#fragment", "https://public.example#@127.0.0.1/", "https://public.example?@127.0.0.1/x y",
    # hosts that are none
    "https:///path", "https://", "https:", "https:/public.example/", "//public.example/", "public.example", "",
    "https://./", "https://../", "https://.public.example/", "https://public..example/", "https://public.example./",
    "https://-public.example/", "https://public-.example/", "https://" + "a" * 64 + ".example/", "https://*.example/",
    "https://public.example,evil.example/", "https://public.example;evil.example/", "https://$host/",
    "https://xn--/", "https://\ud800.example/",
    # ports and schemes
    "https://public.example:0/", "https://public.example:65536/", "https://public.example:22/", "https://public.example:",
    "https://public.example:8443/", "https://public.example:0443/", "https://public.example:443:443/",
    "https://public.example:+443/", "https://public.example:٤٤٣/", "https://public.example:*/",
    "http://public.example/", "http://public.example:443/", "ftp://public.example/", "file:///etc/passwd",
    "gopher://public.example/", "dict://public.example:11211/", "javascript:alert(1)", "data:text/plain,x",
    "unix:///var/run/docker.sock", "jar:https://public.example!/", "https+unix://x/", "ws://public.example/",
    # paths
    "https://public.example/../etc", "https://public.example/a/%2e%2E/b", "https://public.example/./a",
    "https://public.example/ä", "https://public.example/" + "a" * 2048,
    # names of ourselves
    "https://localhost/", "https://LOCALHOST/", "https://metadata/",
]  # fmt: skip


@pytest.mark.parametrize("ip", REFUSED_IPS)
async def test_an_address_that_is_not_public_is_refused(ip: str) -> None:
    host = f"[{ip}]" if ":" in ip else ip
    with pytest.raises(AddressNotAllowed):
        await check_address(f"https://{host}/", settings())
    with pytest.raises(AddressNotAllowed) as refused:
        await check_address("https://name.example/", settings(), resolver=every_name(ip))
    assert ip not in f"{refused.value} {refused.value.detail}"


@pytest.mark.parametrize("url", REFUSED_SPELLINGS, ids=ascii)
async def test_an_odd_spelling_is_refused(url: str) -> None:
    with pytest.raises(AddressNotAllowed):
        await check_address(url, settings(), resolver=resolving(public_example=[PUBLIC], localhost=["127.0.0.1"]))


@pytest.mark.parametrize("value", [None, 5, ["https://public.example/"], b"https://public.example/"])
async def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(AddressNotAllowed):
        await check_address(value, settings())  # type: ignore[arg-type]  # what JSON may hold


async def test_the_list_is_long_enough() -> None:
    assert len(REFUSED_IPS) + len(REFUSED_SPELLINGS) >= 120


@pytest.mark.parametrize("ip", ["1.1.1.1", PUBLIC, "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00::1"])
async def test_public_addresses_pass(ip: str) -> None:
    assert is_public(ip_address(ip))
    target = await check_address("https://name.example/x?y=1", settings(), resolver=every_name(ip))
    assert target.ips == (ip,)


async def test_one_bad_answer_among_good_ones_refuses() -> None:
    for ips in ([PUBLIC, "127.0.0.1"], ["10.0.0.1", PUBLIC], [PUBLIC, "::ffff:1.1.1.1"], []):
        with pytest.raises(AddressNotAllowed):
            await check_address("https://name.example/", settings(), resolver=every_name(*ips))


async def test_a_failed_or_slow_lookup_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "RESOLVE_SECONDS", 0.05)

    async def slow(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(5)
        return [PUBLIC]

    for resolver in (resolving(), slow):
        with pytest.raises(AddressNotAllowed):
            await check_address("https://name.example/", settings(), resolver=resolver)


async def test_names_are_read_in_one_spelling() -> None:
    assert parse_address("HTTPS://Bücher.Example:443/a?b").url == "https://xn--bcher-kva.example/a?b"
    assert parse_address("https://[2606:4700:4700:0::1111]").url == "https://[2606:4700:4700::1111]/"
    with pytest.raises(InvalidAddress):
        parse_address("https://\u2028.example/")


@pytest.mark.parametrize(
    ("prefix", "url", "allowed"),
    [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000/any/path?x", True),
        ("http://127.0.0.1:5000", "http://127.0.0.1:50000/", False),
        ("http://127.0.0.1:5000", "https://127.0.0.1:5000/", False),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000@evil.example/", False),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000.evil.example/", False),
        ("http://127.0.0.1:*", "http://127.0.0.1:61234/", True),
        ("http://127.0.0.1:*", "http://127.0.0.2:61234/", False),
        ("http://127.0.0.1", "http://127.0.0.1/", True),
        ("http://127.0.0.1", "http://127.0.0.1:8080/", False),
        ("http://localhost:5000/hooks", "http://LOCALHOST:5000/hooks/a", True),
        ("http://localhost:5000/hooks", "http://localhost:5000/hooks", True),
        ("http://localhost:5000/hooks", "http://localhost:5000/hooksevil", False),
        ("http://localhost:5000/hooks/", "http://localhost:5000/hooks/../admin", False),
        ("http://localhost:5000/hooks/", "http://localhost:5000/hooks/..%2fadmin", False),
        ("http://localhost:5000/hooks/", "http://localhost:5000/hooks/%2e%2e/admin", False),
        ("http://[::1]:5000", "http://[0:0::1]:5000/", True),
    ],
)
async def test_allowed_prefixes_compare_what_was_parsed(prefix: str, url: str, allowed: bool) -> None:
    resolver = resolving(localhost=["127.0.0.1"])
    if allowed:
        await check_endpoint(url, settings(prefix), resolver=resolver)
    else:
        with pytest.raises(AddressNotAllowed):
            await check_endpoint(url, settings(prefix), resolver=resolver)


async def test_our_own_database_and_redis_are_refused() -> None:
    made = settings(
        "http://127.0.0.1:*",
        database_url=SecretStr("postgresql://u:p@db.example:6543/x"),
        redis_url=SecretStr("redis://127.0.0.1:6379/0"),
    )
    resolver = resolving(db_example=[PUBLIC], other_example=[PUBLIC], fine_example=["1.1.1.1"])
    for url in ("https://db.example/", "https://other.example/", "http://127.0.0.1:6379/"):
        with pytest.raises(AddressNotAllowed):
            await check_address(url, made, resolver=resolver)
    await check_address("https://fine.example/", made, resolver=resolver)
    await check_address("http://127.0.0.1:5000/", made, resolver=resolver)


async def test_addresses_of_this_machine_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert egress.is_own("127.0.0.1")
    assert not egress.is_own(PUBLIC)
    monkeypatch.setattr(egress, "is_own", lambda ip: ip == PUBLIC)
    with pytest.raises(AddressNotAllowed):
        await check_address("https://name.example/", settings(), resolver=every_name(PUBLIC))


class Canary:
    """A small HTTP server that remembers what reached it."""

    def __init__(self, answer: bytes, delay_seconds: float = 0.0) -> None:
        self.answer, self.delay_seconds, self.requests = answer, delay_seconds, list[bytes]()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        await asyncio.sleep(self.delay_seconds)
        writer.write(self.answer)
        try:
            await writer.drain()
        except ConnectionError:
            return
        writer.close()


@asynccontextmanager
async def listening(canary: Canary, context: ssl.SSLContext | None = None) -> AsyncIterator[Canary]:
    server = await asyncio.start_server(canary.serve, "127.0.0.1", 0, ssl=context)
    canary.port = server.sockets[0].getsockname()[1]
    try:
        yield canary
    finally:
        server.close()


def ok(body: bytes = b"ok", *headers: bytes) -> bytes:
    return b"\r\n".join(
        [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), b"Connection: close", *headers, b"", body]
    )


def redirect(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


async def test_a_request_keeps_the_name_as_host() -> None:
    async with listening(Canary(ok(b"hello"))) as canary:
        url = f"http://hook.example:{canary.port}/a%20b?c=d"
        answer = await fetch(
            "POST", url, settings("http://hook.example:*"), content=b"x", resolver=every_name("127.0.0.1")
        )
    assert (answer.status, answer.body, answer.cut) == (200, b"hello", False)
    assert canary.requests[0].startswith(b"POST /a%20b?c=d HTTP/1.1\r\n")
    assert b"\r\nhost: hook.example:%d\r\n" % canary.port in canary.requests[0].lower()


async def test_a_redirect_is_not_followed() -> None:
    async with listening(Canary(ok())) as inner, listening(Canary(b"")) as outer:
        outer.answer = redirect(f"http://127.0.0.1:{inner.port}/")
        answer = await fetch("GET", f"http://127.0.0.1:{outer.port}/", settings("http://127.0.0.1:*"))
    assert (answer.status, inner.requests) == (302, [])


async def test_a_followed_redirect_is_checked_anew_and_drops_headers() -> None:
    secret = {"authorization": "Bearer planted"}
    async with listening(Canary(ok())) as inner, listening(Canary(b"")) as outer:
        here = f"http://127.0.0.1:{outer.port}"
        outer.answer = redirect(f"http://127.0.0.1:{inner.port}/")
        with pytest.raises(AddressNotAllowed):
            await fetch("GET", here, settings(here), headers=secret, redirects=3)
        assert inner.requests == []
        answer = await fetch("GET", here, settings("http://127.0.0.1:*"), headers=secret, redirects=3)
        assert (answer.status, b"planted" in inner.requests[0]) == (200, False)
        outer.answer = redirect(here)
        outer.requests.clear()
        assert (await fetch("GET", here, settings(here), redirects=99)).status == 302
        assert len(outer.requests) == 4


async def test_a_name_that_changes_between_check_and_use_never_reaches_us() -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    async with listening(Canary(ok())) as canary:
        url = f"http://hook.example:{canary.port}/"
        answer = await fetch("GET", url, settings("http://hook.example:*"), resolver=rebinding)
    assert answer.status == 200
    assert next(answers) == ["127.0.0.2"]  # asked once only: the checked answer is the used one


async def test_a_public_name_that_turns_private_is_refused_at_use() -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    async with listening(Canary(ok())) as canary:
        await check_address("https://hook.example/", settings(), resolver=rebinding)
        with pytest.raises(AddressNotAllowed):
            await fetch("GET", "https://hook.example/", settings(), resolver=rebinding)
    assert canary.requests == []


async def test_proxy_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(Canary(ok(b"proxy"))) as proxy, listening(Canary(ok(b"direct"))) as canary:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        answer = await fetch("GET", f"http://127.0.0.1:{canary.port}/", settings("http://127.0.0.1:*"))
    assert (answer.body, proxy.requests) == (b"direct", [])


async def test_only_64_kib_are_kept() -> None:
    async with listening(Canary(ok(b"x" * 200_000))) as canary:
        answer = await fetch("GET", f"http://127.0.0.1:{canary.port}/", settings("http://127.0.0.1:*"))
    assert (len(answer.body), answer.cut) == (65_536, True)


async def test_a_slow_answer_times_out() -> None:
    async with listening(Canary(ok(), delay_seconds=5)) as canary:
        with pytest.raises(RequestFailed) as failed:
            await fetch("GET", f"http://127.0.0.1:{canary.port}/", settings("http://127.0.0.1:*"), timeout_seconds=0.1)
    assert failed.value.reason == "timed_out"


async def test_a_closed_port_is_unreachable_and_rubbish_is_invalid() -> None:
    async with listening(Canary(b"SSH-2.0-OpenSSH\r\n\r\n")) as canary:
        url = f"http://127.0.0.1:{canary.port}/"
        with pytest.raises(RequestFailed) as failed:
            await fetch("GET", url, settings("http://127.0.0.1:*"))
        assert failed.value.reason == "invalid_answer"
    with pytest.raises(RequestFailed) as failed:
        await fetch("GET", url, settings("http://127.0.0.1:*"))
    assert failed.value.reason == "unreachable"


def make_certificate(folder: Path, name: str, *, days: int = 1) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(IPv4Address("127.0.0.9"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


async def test_tls_is_checked_by_name_and_extra_authorities_count(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "hook.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    async with listening(Canary(ok(b"secure")), context) as canary:
        allowed = ("https://hook.example:*", "https://wrong.example:*")
        url = f"https://hook.example:{canary.port}/"
        trusting = settings(*allowed, extra_ca_file=certificate)
        answer = await fetch("GET", url, trusting, resolver=every_name("127.0.0.1"))
        assert (answer.body, names[0]) == (b"secure", "hook.example")
        for bad_url, made in ((url, settings(*allowed)), (url.replace("hook", "wrong"), trusting)):
            with pytest.raises(RequestFailed) as failed:
                await fetch("GET", bad_url, made, resolver=every_name("127.0.0.1"))
            assert failed.value.reason == "tls_failed"
    assert len(canary.requests) == 1


async def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, "old.example", days=-1)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with listening(Canary(ok()), context) as canary:
        with pytest.raises(RequestFailed) as failed:
            await fetch(
                "GET",
                f"https://old.example:{canary.port}/",
                settings("https://old.example:*", extra_ca_file=certificate),
                resolver=every_name("127.0.0.1"),
            )
    assert failed.value.reason == "tls_failed"

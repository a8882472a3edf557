"""The one door for HTTP that octoplat sends. security-and-reliability.md S12."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from spaces import outbound
from spaces.outbound import AnswerTooLarge, CouldNotReach, Limits, NotAllowed

pytestmark = pytest.mark.promise("S12")

METADATA = "http://169.254.169.254/latest/meta-data/"


class Far(BaseHTTPRequestHandler):
    """A server as hostile as a test asks for. What came in is kept in `server.seen`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        name, _, rest = self.path.lstrip("/").partition("/")
        getattr(self, f"answer_{name}", self.answer_plain)(rest)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def answer_plain(self, rest, body=b"hello"):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_long(self, rest):
        self.answer_plain(rest, b"x" * int(rest))

    def answer_json(self, rest):
        self.answer_plain(rest, b'{"a": [1]}')

    def answer_to(self, rest):
        self.send_response(302)
        self.send_header("Location", rest)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer_loop(self, rest):
        self.answer_to("/loop")

    def answer_cut(self, rest):
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def answer_drip(self, rest):
        self.send_response(200)
        self.end_headers()
        for _ in range(200):
            try:
                self.wfile.write(b".")
            except OSError:
                return
            time.sleep(0.05)

    def log_message(self, *_):
        pass


@pytest.fixture
def far(settings):
    """A server on this machine, which the allow-list admits."""
    settings.OUTBOUND_ALLOWED = ["127.0.0.0/8"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Far)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def url(far):
    return f"http://127.0.0.1:{far.server_port}"


def at(*addresses):
    """A name server that knows one answer."""
    return lambda host, port: addresses


def test_an_answer_is_read_whole(url):
    reply = outbound.fetch(f"{url}/json")

    assert reply.is_success
    assert reply.json() == {"a": [1]}
    assert reply.headers["content-length"] == "10"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.1.1",
        "169.254.169.254",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a00:1::",
    ],
)
def test_addresses_that_are_not_public_are_refused(address):
    with pytest.raises(NotAllowed):
        outbound.check("https://feed.example/", resolve=at(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_addresses_are_fine(address):
    outbound.check("https://feed.example/", resolve=at(address))


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:7f00:1]", "localhost."]
)
def test_other_spellings_of_this_machine_are_refused(host):
    with pytest.raises(CouldNotReach):
        outbound.fetch(f"http://{host}/")


def test_one_bad_address_of_a_name_is_enough():
    with pytest.raises(NotAllowed):
        outbound.check("https://feed.example/", resolve=at("93.184.216.34", "10.0.0.1"))


@pytest.mark.parametrize(
    "bad",
    [
        "ftp://feed.example/",
        "file:///etc/passwd",
        "gopher://feed.example/",
        "//feed.example/",
        "https://",
        "https://user:secret@feed.example/",
        "https://feed.example:99999/",
        "https://feed.example/a b",
        "https://feed.example/\r\nHost: x",
        "https://feed.exämple/",
        "",
    ],
)
def test_what_is_no_plain_web_address_is_refused(bad):
    with pytest.raises(NotAllowed):
        outbound.check(bad, resolve=at("93.184.216.34"))


def test_the_allow_list_opens_names_and_networks(settings):
    settings.OUTBOUND_ALLOWED = ["nexus.corp.example", "10.2.0.0/16"]

    outbound.check("https://nexus.corp.example/", resolve=at("192.168.7.7"))
    outbound.check("https://feed.example/", resolve=at("10.2.3.4"))
    with pytest.raises(NotAllowed):
        outbound.check("https://feed.example/", resolve=at("10.3.0.1"))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.1.1", "169.254.169.254"])
@pytest.mark.parametrize("entry", ["0.0.0.0/0", "::/0", "feed.example"])
def test_a_wide_allow_list_does_not_open_this_machine(settings, entry, address):
    settings.OUTBOUND_ALLOWED = [entry]

    with pytest.raises(NotAllowed):
        outbound.check("https://feed.example/", resolve=at(address))


@pytest.mark.parametrize("entry", ["169.254.0.0/16", "169.254.169.254", "169.254.169.254/32"])
def test_nothing_opens_the_metadata_service(settings, entry):
    settings.OUTBOUND_ALLOWED = [entry]

    with pytest.raises(NotAllowed):
        outbound.check(METADATA)


def test_octoplat_never_asks_itself(settings):
    settings.PUBLIC_URL = "https://deploy.example.com"

    with pytest.raises(NotAllowed):
        outbound.check("https://deploy.example.com/api", resolve=at("93.184.216.34"))


def test_the_database_is_never_asked(settings):
    settings.OUTBOUND_ALLOWED = ["127.0.0.0/8"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(outbound.connection.settings_dict, "HOST", "127.0.0.1")
        patch.setitem(outbound.connection.settings_dict, "PORT", "5499")
        with pytest.raises(NotAllowed):
            outbound.check("http://anything.example:5499/", resolve=at("127.0.0.1"))
        outbound.check("http://anything.example:5498/", resolve=at("127.0.0.1"))


def test_the_judged_address_is_the_one_that_is_used(far):
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    reply = outbound.fetch(
        f"http://rebinding.example:{far.server_port}/", resolve=lambda host, port: next(answers)
    )

    assert reply.body == b"hello"
    assert far.seen[0][1]["host"] == f"rebinding.example:{far.server_port}"
    assert next(answers) == ["10.0.0.1"]


def test_a_redirect_is_judged_like_a_request(url):
    with pytest.raises(NotAllowed):
        outbound.fetch(f"{url}/to/{METADATA}", limits=Limits(other_hosts=True))


def test_a_redirect_on_the_same_host_is_followed_with_its_headers(url, far):
    reply = outbound.fetch(f"{url}/to//plain", headers={"Authorization": "Bearer x"})

    assert reply.body == b"hello"
    assert far.seen[1][1]["authorization"] == "Bearer x"


def test_a_redirect_to_another_host_is_refused_unless_wanted(url, far):
    other = f"http://127.0.0.2:{far.server_port}/plain"

    with pytest.raises(NotAllowed):
        outbound.fetch(f"{url}/to/{other}")


def test_another_host_gets_no_credentials(far):
    elsewhere = f"http://other.example:{far.server_port}/plain"
    reply = outbound.fetch(
        f"http://feed.example:{far.server_port}/to/{elsewhere}",
        headers={"Authorization": "Bearer x", "X-NuGet-ApiKey": "x", "Accept": "text/plain"},
        limits=Limits(other_hosts=True),
        resolve=at("127.0.0.1"),
    )

    assert reply.url == elsewhere
    _, headers = far.seen[1]
    assert headers["accept"] == "text/plain"
    assert not {"authorization", "x-nuget-apikey"} & set(headers)


def test_redirects_without_end_are_given_up(url, far):
    with pytest.raises(CouldNotReach):
        outbound.fetch(f"{url}/loop")

    assert len(far.seen) == 4


def test_a_redirected_post_is_the_callers_business(url):
    reply = outbound.fetch(f"{url}/to//plain", method="POST", body=b"{}")

    assert reply.status == 302


@pytest.mark.parametrize(("size", "fits"), [(999, True), (1000, True), (1001, False)])
def test_an_answer_has_at_most_so_many_bytes(url, size, fits):
    if fits:
        assert len(outbound.fetch(f"{url}/long/{size}", limits=Limits(body=1000)).body) == size
    else:
        with pytest.raises(AnswerTooLarge):
            outbound.fetch(f"{url}/long/{size}", limits=Limits(body=1000))


def test_an_answer_that_drips_is_given_up(url):
    began = time.monotonic()

    with pytest.raises(CouldNotReach):
        outbound.fetch(f"{url}/drip", limits=Limits(total=0.3))

    assert time.monotonic() - began < 2


def test_half_an_answer_is_none(url):
    with pytest.raises(CouldNotReach):
        outbound.fetch(f"{url}/cut")


def test_plain_http_can_be_ruled_out():
    with pytest.raises(NotAllowed):
        outbound.check(
            "http://feed.example/", limits=Limits(only_tls=True), resolve=at("93.184.216.34")
        )


def test_a_refusal_tells_nothing_about_the_network():
    """A name that does not exist, one inside, and a closed port read the same."""
    texts = set()
    for resolve in (at("10.0.0.1"), at("127.0.0.1"), at()):
        with pytest.raises(CouldNotReach) as refusal:
            outbound.fetch("https://feed.example/?token=secret", resolve=resolve)
        texts.add(str(refusal.value))

    assert texts == {"Could not reach https://feed.example."}

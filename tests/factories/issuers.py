"""An identity provider on this machine, over TLS, as honest or hostile as a test asks for."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from jwt.algorithms import RSAAlgorithm

DISCOVERY = "/.well-known/openid-configuration"


class Issuer:
    """url: what it is called. asked: the paths that were fetched. document, keys: what it answers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.document: dict[str, Any] = {"issuer": url, "jwks_uri": f"{url}/keys"}
        self.keys: list[dict[str, Any]] = [self.jwk("one")]

    def jwk(self, kid: str, private: Any = None) -> dict[str, Any]:
        public = json.loads(RSAAlgorithm.to_jwk((private or self.private).public_key()))
        return {"kid": kid, "use": "sig", "kty": "RSA", "n": public["n"], "e": public["e"]}

    def claims(self, **given: Any) -> dict[str, Any]:
        """Good ones, but for those given; None leaves one out."""
        now = int(time.time())
        claims = {"iss": self.url, "iat": now, "nbf": now, "exp": now + 300} | given
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self, *, key: Any = None, algorithm: str = "RS256", headers: Any = None, **claims: Any
    ) -> str:
        """A token signed now, with good claims but for those given."""
        private = self.private if key is None else key
        content = json.dumps(self.claims(**claims)).encode()
        return jwt.api_jws.encode(content, private, algorithm, {"kid": "one"} | (headers or {}))

    def pem(self) -> bytes:
        """The public key as text: what a careless verifier takes for an HMAC's secret."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


@contextmanager
def serving(folder: Path) -> Iterator[Issuer]:
    """An issuer that answers while the block lasts. Trust `folder`/issuer.crt to believe its TLS."""
    certify(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "issuer.crt", folder / "issuer.key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    issuer = Issuer(f"https://127.0.0.1:{server.server_port}")
    server.issuer = issuer
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def certify(folder: Path) -> None:
    """A certificate for 127.0.0.1, signed by itself: issuer.crt and issuer.key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer of tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "issuer.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "issuer.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        issuer = self.server.issuer
        issuer.asked.append(self.path)
        document = issuer.document if self.path == DISCOVERY else {"keys": issuer.keys}
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

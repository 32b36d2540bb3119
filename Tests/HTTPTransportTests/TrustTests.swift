import HTTPTransport
import LinuxSystem
import Testing

@testable import HTTPTransport

/// Who a server must be, and what is sent before it has proved it.
@Suite(.enabled(if: TestServer.hasPython, "python3 or openssl is not installed"))
struct TrustTests {
    private let certificates = TestServer.certificates

    private func isUntrusted(_ error: any Error) -> Bool {
        if case HTTPFailure.untrusted = error { true } else { false }
    }

    @Test func `a server of another authority is not trusted`() throws {
        let certificates = try #require(certificates)
        let server = try TestServer("web", certificates.directory)
        #expect {
            try CurlTransport.trusting(certificates.stranger).ask(get(server.url("/echo")))
        } throws: {
            isUntrusted($0)
        }
    }

    @Test func `a server that proves another name is not trusted`() throws {
        let server = try TestServer("web", try #require(certificates).directory)
        #expect {
            try CurlTransport.trusting().ask(get(server.url("/echo", host: "127.0.0.1")))
        } throws: {
            isUntrusted($0)
        }
    }

    @Test func `SSL_CERT_FILE replaces the system's authorities`() throws {
        let certificates = try #require(certificates)
        let server = try TestServer("web", certificates.directory)
        let transport = CurlTransport.trusting(nil, ["SSL_CERT_FILE": certificates.authority])
        #expect(try transport.ask(get(server.url("/echo"))).status == 200)
    }

    @Test func `a pinned certificate is trusted for its digest alone, and no other is`() throws {
        let certificates = try #require(certificates)
        let server = try TestServer("web", certificates.directory)
        let transport = CurlTransport.trusting(certificates.stranger)
        let url = server.url("/echo", host: "127.0.0.1")
        #expect(try transport.ask(get(url, .pinned(sha1: certificates.fingerprint))).status == 200)
        var other = certificates.fingerprint
        other[0] ^= 1
        #expect {
            try transport.ask(get(url, .pinned(sha1: other)))
        } throws: {
            isUntrusted($0)
        }
    }

    @Test func `a proxy gets the server's name and no header of the request`() throws {
        let certificates = try #require(certificates)
        let server = try TestServer("web", certificates.directory)
        let proxy = try TestServer("proxy")
        let transport = CurlTransport.trusting(
            certificates.authority, ["https_proxy": "http://127.0.0.1:\(proxy.port)"])
        let ticket = transport.begin(get(server.url("/echo")))
        #expect(
            transport.amend(
                ticket, with: [(name: "Authorization", value: .secret(prefix: "Bearer ", shared("t0ken")))]))
        #expect(try transport.end(ticket).body.contains("\nauthorization: Bearer t0ken\n"))
        let head = proxy.said()
        #expect(head.hasPrefix("CONNECT localhost:\(server.port) HTTP/1.1\n"))
        #expect(!head.lowercased().contains("authorization"))
    }

    @Test(arguments: [
        ("http://proxy.example:3128", true), ("proxy.example:3128", true), ("https://user:word@proxy.example", true),
        ("socks5h://127.0.0.1:1080", true), ("SOCKS4://127.0.0.1", true), ("http://[::1]:3128/", true), ("", true),
        ("gopher://127.0.0.1:1", false), ("http://127.0.0.1:1\r\nX-Other: b", false), ("http://127.0.0.1:99999", false),
        ("http://", false), ("file:///etc/hostname", false),
    ])
    func `a proxy's address is one, or its variable is named`(address: String, isOne: Bool) {
        for name in ["https_proxy", "HTTPS_PROXY"] {
            let options = CurlTransportOptions(environment: { $0 == name ? address : nil })
            #expect(options.mistakenProxy == (isOne ? nil : name))
        }
    }

    @Test func `no_proxy keeps a host from the proxy`() throws {
        let certificates = try #require(certificates)
        let server = try TestServer("web", certificates.directory)
        let transport = CurlTransport.trusting(
            certificates.authority, ["https_proxy": "http://127.0.0.1:1", "no_proxy": "localhost"])
        #expect(try transport.ask(get(server.url("/echo"))).status == 200)
    }
}

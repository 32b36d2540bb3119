import HTTPTransport
import LinuxSystem
import Testing

/// Exchanges with Python's own server.
@Suite(.enabled(if: TestServer.hasPython, "python3 or openssl is not installed"))
struct ExchangeTests {
    private let directory = TestServer.certificates?.directory ?? ""

    @Test func `an answer comes with its status, its headers and its body`() throws {
        let server = try TestServer("web", directory)
        let answer = try CurlTransport.trusting().ask(get(server.url("/echo?a=b")))
        #expect(answer.status == 200)
        #expect(answer.headers["x-spaces"] == "in between")
        #expect(answer.headers["CONTENT-TYPE"] == nil)
        #expect(answer.headers["Content-Length"] == "\(answer.body.utf8.count)")
        #expect(answer.body.hasPrefix("GET /echo?a=b\n"))
    }

    @Test func `headers, secret ones too, and a body arrive as they are given`() throws {
        let server = try TestServer("web", directory)
        var request = HTTPRequest(
            .post, server.url("/echo"), headers: [("X-One", .plain("1")), ("Empty", .plain(""))],
            body: shared("grant=me"), peer: .authorities, endpoint: "test")
        request.headers.append(("Authorization", .secret(prefix: "Bearer ", shared("t0ken"))))
        let answer = try CurlTransport.trusting().ask(request)
        let lines = answer.body.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first == "POST /echo")
        #expect(lines.contains("x-one: 1"))
        #expect(lines.contains("empty: "))
        #expect(lines.contains("authorization: Bearer t0ken"))
        #expect(!lines.contains { $0.hasPrefix("expect:") })
        #expect(answer.body.hasSuffix("\n\ngrant=me"))
    }

    @Test func `a redirect is an answer and is not followed`() throws {
        let server = try TestServer("web", directory)
        let answer = try CurlTransport.trusting().ask(get(server.url("/moved")))
        #expect(answer.status == 302)
        #expect(answer.headers["location"] == "/echo")
    }

    @Test(arguments: ["/big", "/chunked"])
    func `a body of exactly the limit is taken, and one byte more is not`(path: String) throws {
        let server = try TestServer("web", directory)
        let transport = CurlTransport.trusting()
        #expect(try transport.ask(get(server.url(path), bodyLimit: 100_000)).body.utf8.count == 100_000)
        #expect(throws: HTTPFailure.tooLarge(limit: 99_999)) {
            try transport.ask(get(server.url(path), bodyLimit: 99_999))
        }
    }

    @Test func `a body that ends before its announced length is broken`() throws {
        let server = try TestServer("web", directory)
        #expect {
            try CurlTransport.trusting().ask(get(server.url("/cut")))
        } throws: { error in
            if case HTTPFailure.broken = error { true } else { false }
        }
    }

    @Test func `an exchange whose answer does not come ends at its own limit`() throws {
        let server = try TestServer("web", directory)
        #expect(throws: HTTPFailure.timedOut(connected: true)) {
            try CurlTransport.trusting().ask(get(server.url("/never"), timeout: .milliseconds(200)))
        }
    }

    @Test func `a server that accepts and does not speak TLS counts as connected`() throws {
        let server = try TestServer("silent")
        #expect(throws: HTTPFailure.timedOut(connected: true)) {
            try CurlTransport.trusting().ask(get(server.url("/"), timeout: .milliseconds(200)))
        }
    }

    @Test func `a port that refuses fails everything that waits for it at once`() throws {
        let server = try TestServer("closed")
        let transport = CurlTransport.trusting()
        let tickets = (0..<40).map { transport.begin(get(server.url("/\($0)"))) }
        for ticket in tickets {
            #expect {
                try transport.end(ticket)
            } throws: { error in
                if case HTTPFailure.couldNotConnect(host: "localhost", _) = error { true } else { false }
            }
        }
    }

    @Test func `a name that does not exist is told as such`() {
        #expect(throws: HTTPFailure.couldNotResolve(host: "no-such-host.invalid")) {
            try CurlTransport.trusting().ask(get("https://no-such-host.invalid/"))
        }
    }

    @Test(arguments: [
        "http://localhost/", "https://user:password@localhost/", "ftp://localhost/", "localhost", "https://a b/",
    ])
    func `an invalid URL, or one of another scheme, is not even tried`(url: String) {
        #expect {
            try CurlTransport.trusting().ask(get(url))
        } throws: { error in
            if case HTTPFailure.invalidRequest = error { true } else { false }
        }
    }

    @Test func `the machine's own endpoints are asked without TLS and without a proxy`() throws {
        let server = try TestServer("plain")
        let transport = CurlTransport.trusting(
            nil, ["https_proxy": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1"])
        let answer = try transport.ask(get(server.url("/echo", scheme: "http"), .machine))
        #expect(answer.body.hasPrefix("GET /echo\n"))
    }

    @Test func `a request that has not been sent takes further headers, and one that was does not`() throws {
        let server = try TestServer("web", directory)
        let transport = CurlTransport.trusting()
        // Nobody has waited yet: no handshake can have been done.
        let ticket = transport.begin(get(server.url("/echo")))
        let token = [(name: "Authorization", value: HTTPHeaderValue.secret(prefix: "Bearer ", shared("t0ken")))]
        #expect(transport.amend(ticket, with: token))
        let answer = try transport.end(ticket)
        #expect(answer.body.contains("\nauthorization: Bearer t0ken\n"))
        #expect(!transport.amend(ticket, with: token))
    }

    @Test func `a request that still waits in line takes further headers too`() throws {
        let server = try TestServer("web", directory)
        let transport = CurlTransport.trusting(connectionsPerHost: 1)
        let tickets = (0..<3).map { _ in transport.begin(get(server.url("/echo"))) }
        #expect(transport.amend(tickets[2], with: [(name: "X-Late", value: .plain("yes"))]))
        #expect(try transport.end(tickets[2]).body.contains("\nx-late: yes\n"))
        #expect(try !transport.end(tickets[1]).body.contains("x-late"))
    }
}

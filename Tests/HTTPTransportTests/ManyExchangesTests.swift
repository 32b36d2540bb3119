import HTTPTransport
import LinuxSystem
import Testing

/// Many exchanges at once, with servers that take one at a time on a connection, and with one that takes all.
struct ManyExchangesTests {
    private let directory = TestServer.certificates?.directory ?? ""

    private func connections(_ answers: [Answer]) -> Set<String> {
        Set(
            answers.compactMap { $0.body.split(separator: "\n").first { $0.hasPrefix("connection ") }.map(String.init) }
        )
    }

    @Test(
        .enabled(if: TestServer.hasPython, "python3 or openssl is not installed"), arguments: [1, 4, 32])
    func `all are answered over no more connections than are allowed`(bound: Int) throws {
        let server = try TestServer("web", directory)
        let transport = CurlTransport.trusting(connectionsPerHost: bound)
        let tickets = (0..<120).map { transport.begin(get(server.url("/echo?number=\($0)"))) }
        let answers = try tickets.map { try transport.end($0) }
        for (number, answer) in answers.enumerated() {
            #expect(answer.body.hasPrefix("GET /echo?number=\(number)\n"))
        }
        #expect((1...bound).contains(connections(answers).count))
    }

    @Test(.enabled(if: TestServer.hasPython, "python3 or openssl is not installed"))
    func `one that is given up leaves the others`() throws {
        let server = try TestServer("web", directory)
        let transport = CurlTransport.trusting()
        let tickets = (0..<20).map { transport.begin(get(server.url($0 % 2 == 0 ? "/never" : "/echo"))) }
        for index in stride(from: 0, to: 20, by: 2) {
            #expect {
                _ = try transport.take(tickets[index])
            } throws: { error in
                if case HTTPFailure.timedOut = error { true } else { false }
            }
        }
        for index in stride(from: 1, to: 20, by: 2) {
            #expect(try transport.end(tickets[index]).status == 200)
        }
    }

    @Test(.enabled(if: TestServer.hasNginx, "nginx is not installed"), arguments: [["http2"], []])
    func `nginx answers all, over one connection where it speaks h2`(more: [String]) throws {
        let server = try more.isEmpty ? TestServer("nginx", directory) : TestServer("nginx", directory, more[0])
        let transport = CurlTransport.trusting()
        // What the first has shown is known to those that come after it.
        let first = try transport.ask(get(server.url("/")))
        let tickets = (0..<60).map { transport.begin(get(server.url("/\($0)"))) }
        let answers = try tickets.map { try transport.end($0) }
        #expect(answers.allSatisfy { $0.status == 200 })
        #expect(first.body.hasPrefix(more.isEmpty ? "HTTP/1.1\n" : "HTTP/2.0\n"))
        if !more.isEmpty { #expect(connections(answers + [first]).count == 1) }
    }
}

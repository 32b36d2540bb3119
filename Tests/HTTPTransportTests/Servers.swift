import Foundation
import HTTPTransport
import LatchkeyTestSupport
import LinuxSystem
import Secrets
import Testing

/// A server of `servers/servers.py`, as a process of its own; it ends with this object.
final class TestServer: Sendable {
    /// Certificates that all servers of this test run share.
    static let certificates: Certificates? = try? Certificates()
    static let hasPython = FileManager.default.isExecutableFile(atPath: "/usr/bin/env") && certificates != nil
    static let hasNginx =
        hasPython
        && (["/usr/sbin/nginx", "/usr/bin/nginx"].contains { FileManager.default.isExecutableFile(atPath: $0) })

    struct Certificates {
        let directory: String
        /// The SHA-1 of the server's certificate.
        let fingerprint: [UInt8]

        init() throws {
            directory = NSTemporaryDirectory() + "/transport-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let made = try ChildProcess.run("/usr/bin/env", ["python3", TestServer.program, "certificates", directory])
            let digits = Array(made.output.trimmingCharacters(in: .whitespacesAndNewlines).utf8)
            try #require(made.ending == .code(0) && digits.count == 40)
            fingerprint = stride(from: 0, to: 40, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
        }

        var authority: String { directory + "/authority.pem" }
        var stranger: String { directory + "/stranger.pem" }
    }

    fileprivate static let program =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("servers/servers.py").path

    let port: Int
    private let process: ChildProcess
    private let input = PipeEnds()
    private let output = PipeEnds()

    init(_ mode: String, _ arguments: String...) throws {
        let output = self.output
        process = try ChildProcess(
            "/usr/bin/env", ["python3", Self.program, mode] + arguments, input: input.readEnd, output: output.writeEnd)
        input.closeReadEnd()
        output.closeWriteEnd()
        var line = ""
        while !line.hasSuffix("\n"), case let bytes = output.read(), !bytes.isEmpty {
            line += String(decoding: bytes, as: UTF8.self)
        }
        port = try #require(Int(line.dropFirst("port=".count).dropLast()))
    }

    deinit {
        input.closeWriteEnd()
        process.wait()
    }

    /// Ends the server; what it has printed besides its port.
    func said() -> String {
        let text = output.text()
        input.closeWriteEnd()
        process.wait()
        return text()
    }

    func url(_ path: String, host: String = "localhost", scheme: String = "https") -> String {
        "\(scheme)://\(host):\(port)\(path)"
    }
}

/// What is left of an exchange.
struct Answer: Equatable {
    var status: Int
    var headers: HTTPHeaders
    var body: String
}

extension CurlTransport {
    /// A transport that trusts the tests' authority, or another one.
    static func trusting(
        _ authorities: String? = TestServer.certificates?.authority, _ environment: [String: String] = [:],
        connectionsPerHost: Int = 32
    ) -> CurlTransport {
        CurlTransport(
            options: CurlTransportOptions(
                authoritiesFile: authorities, environment: { environment[$0] }, connectionsPerHost: connectionsPerHost))
    }

    func end(_ ticket: HTTPTicket) throws(HTTPFailure) -> Answer {
        // Longer than any limit of a request here: it is the request's own limit that ends one.
        _ = wait(forAnyOf: [ticket], until: now + .seconds(120))
        let response = try take(ticket)
        let body = response.body.withBytes { bytes in
            String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        }
        return Answer(status: response.status, headers: response.headers, body: body)
    }

    func ask(_ request: HTTPRequest) throws(HTTPFailure) -> Answer { try end(begin(request)) }
}

func get(
    _ url: String, _ peer: HTTPRequest.Peer = .authorities, timeout: Duration = .seconds(60), bodyLimit: Int = 1 << 20
) -> HTTPRequest {
    HTTPRequest(.get, url, peer: peer, endpoint: "test", timeout: timeout, bodyLimit: bodyLimit)
}

func shared(_ text: String) -> SharedSecret {
    SharedSecret(SecretBytes(copying: Array(text.utf8).span))
}

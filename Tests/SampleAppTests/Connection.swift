import Foundation
import Testing

/// One request to this machine over a plain socket, so that its answer can be read while it is still coming.
final class Connection {
    private let socket: CInt
    private var received: [UInt8] = []

    /// How long silence may last before a test fails.
    private static let patience = 60

    init(port: UInt16, path: String) throws {
        socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
        unsafe setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        let request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".utf8)
        try #require(unsafe Glibc.send(socket, request, request.count, 0) == request.count)
    }

    deinit {
        close(socket)
    }

    /// The whole answer, to its end.
    func readAll() throws -> String {
        while try receive() {}
        return String(decoding: received, as: UTF8.self)
    }

    /// The data of the next server-sent event of the kind.
    func nextEvent() throws -> Data {
        while true {
            let text = String(decoding: received, as: UTF8.self)
            if let start = text.range(of: "event: snapshot\ndata: "),
                let end = text.range(of: "\n\n", range: start.upperBound..<text.endIndex)
            {
                received = Array(text[end.upperBound...].utf8)
                return Data(text[start.upperBound..<end.lowerBound].utf8)
            }
            try #require(try receive(), "the stream ended")
        }
    }

    private func receive() throws -> Bool {
        var block = [UInt8](repeating: 0, count: 16_384)
        let count = unsafe recv(socket, &block, block.count, 0)
        try #require(count >= 0, "nothing came for \(Self.patience) s")
        received += block.prefix(count)
        return count > 0
    }
}

/// What the app says of itself, as far as the tests look at it.
struct Facts: Decodable {
    struct Secret: Decodable, Equatable {
        var name: String
        var origin: String
        var state: String
        var length: Int?
        var fingerprint: String?
        var previousFingerprint: String?
        var changes: Int
        var version: String?
        var newerVersion: String?
        var secret: String?
        var expiresAt: String?
    }

    struct Event: Decodable {
        var kind: String
        var changed: [String]
    }

    struct Process: Decodable {
        var pid: Int32
        var hangUps: Int
    }

    struct Latchkey: Decodable {
        var state: String?
        var generation: Int?
        var lastError: String?
    }

    var process: Process
    var latchkey: Latchkey?
    var secrets: [Secret]
    var events: [Event]

    subscript(name: String) -> Secret? { secrets.first { $0.name == name } }
}

extension RunningSampleApp {
    /// An answer with its head.
    func get(_ path: String) throws -> String {
        try Connection(port: port, path: path).readAll()
    }

    /// The state as the interface tells it now.
    func facts() throws -> Facts {
        let answer = try get("/api/secrets")
        let body = try #require(answer.range(of: "\r\n\r\n")).upperBound
        return try JSONDecoder().decode(Facts.self, from: Data(answer[body...].utf8))
    }
}

extension Connection {
    /// Waits for an event of which the condition holds.
    func facts(where holds: (Facts) -> Bool) throws -> Facts {
        while true {
            let facts = try JSONDecoder().decode(Facts.self, from: nextEvent())
            if holds(facts) { return facts }
        }
    }
}

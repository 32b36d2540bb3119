import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// What came back over one connection, byte for byte.
struct WireReply: Sendable {
    var bytes: [UInt8]
    /// Whether the connection ended with an error (a reset, TLS without its farewell) instead of an end of file.
    var isBroken: Bool

    private var text: String { String(decoding: bytes, as: UTF8.self) }

    private var headLength: Int? {
        let end: [UInt8] = [13, 10, 13, 10]
        guard bytes.count >= 4 else { return nil }
        return (0...bytes.count - 4).first { Array(bytes[$0..<$0 + 4]) == end }
    }

    private var headLines: [Substring] {
        guard let length = headLength else { return [] }
        return String(decoding: bytes[..<length], as: UTF8.self).split(separator: "\r\n")
    }

    /// 0 if nothing came.
    var status: Int { headLines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0 }

    func header(_ name: String) -> String? {
        for line in headLines.dropFirst() {
            let halves = line.split(separator: ":", maxSplits: 1)
            if halves.count == 2, halves[0].lowercased() == name.lowercased() {
                return halves[1].drop { $0 == " " }.description
            }
        }
        return nil
    }

    /// As it came: chunks are not taken apart.
    var body: [UInt8] { headLength.map { Array(bytes[($0 + 4)...]) } ?? [] }
    var bodyText: String { String(decoding: body, as: UTF8.self) }
}

/// An HTTP client that hides nothing: one connection for one request, all bytes until it ends.
struct WireClient: Sendable {
    let port: Int
    /// Nil for plain HTTP.
    var authority: String?

    /// `host` goes into the request and into TLS's server name; the connection goes to this machine.
    func send(
        _ method: String, _ target: String, host: String, headers: [String: String] = [:], body: String = ""
    ) async throws -> WireReply {
        let collector = Collector()
        let context = try authority.map { pem in
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)))
            return try NIOSSLContext(configuration: configuration)
        }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        let isName = host.contains { $0.isLetter }
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: isName ? host : nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(CollectingHandler(collector))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        var request = "\(method) \(target) HTTP/1.1\r\nHost: \(host):\(port)\r\nConnection: close\r\n"
        for (name, value) in headers { request += "\(name): \(value)\r\n" }
        if !body.isEmpty || method != "GET" { request += "Content-Length: \(body.utf8.count)\r\n" }
        request += "\r\n" + body
        try? await channel.writeAndFlush(ByteBuffer(string: request)).get()
        try? await channel.closeFuture.get()
        return collector.reply
    }
}

/// What came so far.
private final class Collector: Sendable {
    private let state = Mutex(WireReply(bytes: [], isBroken: false))

    var reply: WireReply { state.withLock { $0 } }
    func append(_ bytes: [UInt8]) { state.withLock { $0.bytes += bytes } }
    func fail() { state.withLock { $0.isBroken = true } }
}

private final class CollectingHandler: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let collector: Collector

    init(_ collector: Collector) { self.collector = collector }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        collector.append(Array(unwrapInboundIn(data).readableBytesView))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        collector.fail()
        context.close(promise: nil)
    }
}

import HTTPTypes
package import Hummingbird
package import NIOCore
import NIOSSL

#if canImport(Glibc)
    import Glibc
#else
    import Musl
#endif

/// How an answer goes over the wire: whole, in part, in drops, or not at all.
package struct Transmission: Sendable {
    let answer: Answer
    let effect: FaultEffect?

    package init(answer: Answer, effect: FaultEffect? = nil) {
        self.answer = answer
        self.effect = effect
    }

    package var isDropped: Bool { effect?.drop == true }

    package func response(on channel: any Channel) async -> Response {
        let head = HTTPResponse(answer)
        func response(_ body: ResponseBody) -> Response {
            Response(status: head.status, headers: head.headerFields, body: body)
        }
        guard let effect else { return response(ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))) }
        if effect.drop {
            await Self.cut(channel, reset: effect.reset)
            return Response(status: .internalServerError)
        }
        if effect.endless { return response(Self.flood(nil)) }
        if let size = effect.bodySize, !effect.gzip { return response(Self.flood(size)) }
        if let kept = effect.truncate { return response(truncated(kept, channel, effect.drip)) }
        if let drip = effect.drip { return response(dripping(drip)) }
        return response(ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
    }

    /// Closes beneath TLS, without its farewell; with a reset the client sees ECONNRESET instead of an end of file.
    private static func cut(_ channel: any Channel, reset: Bool) async {
        if reset, let provider = channel as? any SocketOptionProvider {
            try? await provider.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        try? await channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            if let context = try? pipeline.context(handlerType: NIOSSLServerHandler.self) {
                context.close(mode: .all, promise: nil)
            } else {
                channel.close(mode: .all, promise: nil)
            }
        }.get()
    }

    private static func pieces(_ bytes: some Collection<UInt8>, of size: Int) -> [ByteBuffer] {
        var rest = Array(bytes)[...]
        var output: [ByteBuffer] = []
        while !rest.isEmpty {
            output.append(ByteBuffer(bytes: rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return output
    }

    private static func write(
        _ bytes: some Collection<UInt8>, _ drip: FaultEffect.Drip?, to writer: inout any ResponseBodyWriter
    ) async throws {
        guard let drip else {
            try await writer.write(ByteBuffer(bytes: bytes))
            return
        }
        for piece in pieces(bytes, of: max(1, drip.bytes)) {
            try await writer.write(piece)
            try await Task.sleep(for: .seconds(drip.pause))
        }
    }

    /// The whole length is announced, but only the beginning comes.
    private func truncated(_ kept: Int, _ channel: any Channel, _ drip: FaultEffect.Drip?) -> ResponseBody {
        let bytes = answer.body
        return ResponseBody(contentLength: bytes.count) { writer in
            if kept > 0 { try await Self.write(bytes.prefix(kept), drip, to: &writer) }
            await Self.cut(channel, reset: false)
        }
    }

    private func dripping(_ drip: FaultEffect.Drip) -> ResponseBody {
        let bytes = answer.body
        return ResponseBody(contentLength: bytes.count) { writer in
            try await Self.write(bytes, drip, to: &writer)
            try await writer.finish(nil)
        }
    }

    /// Spaces without a length: valid white space of JSON for as long as it goes on.
    private static func flood(_ size: Int?) -> ResponseBody {
        ResponseBody { writer in
            let block = ByteBuffer(repeating: UInt8(ascii: " "), count: 16_384)
            var left = size ?? .max
            while left > 0 {
                let piece = left >= block.readableBytes ? block : ByteBuffer(repeating: UInt8(ascii: " "), count: left)
                try await writer.write(piece)
                if size != nil { left -= piece.readableBytes }
            }
            try await writer.finish(nil)
        }
    }
}

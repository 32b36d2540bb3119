import Glibc
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// The page, its parts, and the two ways to what it shows: JSON once, and server-sent events live.
struct WebServer {
    let board: Board
    let address: String
    let port: Int

    /// Serves until the task is cancelled; says the address on standard output once it can be opened.
    func run() async throws {
        var logger = Logger(label: "latchkey-sample-app")
        // What it logs below this, at the end, is only that connections were open; a failed start is thrown.
        logger.logLevel = .critical
        let application = Application(
            router: router(),
            configuration: .init(address: .hostname(address, port: port), serverName: nil),
            onServerRunning: { channel in announce(port: channel.localAddress?.port ?? port) },
            logger: logger
        )
        try await application.run()
    }

    private func announce(port: Int) {
        let anyAddress = ["0.0.0.0", "::"].contains(address)
        let host = anyAddress ? "127.0.0.1" : address.contains(":") ? "[\(address)]" : address
        print("http://\(host):\(port)/")
        fflush(nil)
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: SecurityHeaders())
        router.get("/") { _, _ in asset(PackageResources.page_html, "text/html; charset=utf-8") }
        router.get("/page.css") { _, _ in asset(PackageResources.page_css, "text/css; charset=utf-8") }
        router.get("/page.js") { _, _ in asset(PackageResources.page_js, "text/javascript; charset=utf-8") }
        router.get("/icon.svg") { _, _ in asset(PackageResources.icon_svg, "image/svg+xml") }
        router.get("/healthz") { _, _ in asset(Array("ok\n".utf8), "text/plain; charset=utf-8") }
        router.get("/api/secrets") { _, _ in
            asset(Array(await board.snapshot().json().utf8), "application/json")
        }
        router.get("/events") { _, _ in await events() }
        return router
    }

    private func asset(_ bytes: [UInt8], _ type: String) -> Response {
        Response(status: .ok, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func events() async -> Response {
        guard let messages = await board.watch() else { return Response(status: .serviceUnavailable) }
        let body = ResponseBody { writer in
            try await writer.write(ByteBuffer(string: "retry: 1000\n\n"))
            for await message in messages.cancelOnGracefulShutdown() {
                switch message {
                case .snapshot(let json):
                    try await writer.write(ByteBuffer(string: "event: snapshot\ndata: \(json)\n\n"))
                case .keepAlive:
                    try await writer.write(ByteBuffer(string: ": still here\n\n"))
                }
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream"], body: body)
    }
}

/// What every answer says: nothing but our own files runs or loads, nothing is kept, nobody frames it.
private struct SecurityHeaders<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        for (name, value) in Self.headers {
            response.headers[name] = value
        }
        return response
    }

    private static var headers: [(HTTPField.Name, String)] {
        var headers: [(HTTPField.Name, String)] = [
            (
                .contentSecurityPolicy,
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            ),
            (.xContentTypeOptions, "nosniff"),
            (.cacheControl, "no-store"),
        ]
        let others = [("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin")]
        for (text, value) in others {
            if let name = HTTPField.Name(text) { headers.append((name, value)) }
        }
        return headers
    }
}

package import Secrets

/// A header's value: plain, or a prefix (`Bearer `) followed by a secret, which is never printed.
package enum HTTPHeaderValue: Sendable {
    case plain(String)
    case secret(prefix: String, SharedSecret)
}

/// One request to one server.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    /// How the server proves who it is, and whether proxies are used.
    package enum Peer: Sendable, Hashable {
        /// TLS checked against the system's or the configured authorities (`--ca-file`); the proxy variables apply.
        case authorities
        /// TLS whose certificate must have this SHA-1 (20 bytes), instead of an authority; checked before any
        /// header is sent (Service Fabric). No proxy.
        case pinned(sha1: [UInt8])
        /// Plain http on the machine itself or its link: metadata and identity endpoints. No proxy.
        case machine
        /// TLS to `connect` (host:port) that must prove to be `serverName` by the authorities in `pem` (a cluster's
        /// token proxy); nil falls back to the URL's host or the usual authorities. No proxy.
        case tokenProxy(connect: String, serverName: String?, authoritiesPEM: String?)
    }

    package var method: Method
    /// An absolute URL: https, or http if `peer` is `machine`.
    package var url: String
    package var headers: [(name: String, value: HTTPHeaderValue)]
    /// A request body; its content type is in the headers.
    package var body: SharedSecret?
    package var peer: Peer
    /// The limit for the whole exchange.
    package var timeout: Duration
    /// The limit for resolving and connecting.
    package var connectTimeout: Duration
    /// The limit of the body in bytes; one more ends the exchange with `HTTPFailure.tooLarge`.
    package var bodyLimit: Int
    /// A name for the requests' count in the metrics: `vault`, `identity`, `entra`.
    package var endpoint: String

    package init(
        _ method: Method = .get, _ url: String, headers: [(name: String, value: HTTPHeaderValue)] = [],
        body: SharedSecret? = nil, peer: Peer, endpoint: String, timeout: Duration = .seconds(20),
        connectTimeout: Duration = .seconds(10), bodyLimit: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.peer = peer
        self.endpoint = endpoint
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.bodyLimit = bodyLimit
    }
}

/// An answer with any status. Redirects are answers too, and are never followed.
package struct HTTPResponse: ~Copyable, Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package let body: SecretBytes

    package init(status: Int, headers: HTTPHeaders, body: consuming SecretBytes) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// The headers of an answer, looked up case-insensitively.
package struct HTTPHeaders: Sendable, Equatable {
    package private(set) var fields: [Field] = []

    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    package init(_ fields: [(String, String)] = []) {
        self.fields = fields.map { Field(name: $0.0, value: $0.1) }
    }

    package mutating func append(name: String, value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// The first value under a name.
    package subscript(_ name: String) -> String? {
        fields.first { $0.name.isHeader(name) }?.value
    }

    /// All values under a name.
    package func all(_ name: String) -> [String] {
        fields.filter { $0.name.isHeader(name) }.map(\.value)
    }
}

/// Why there is no answer. The associated texts are curl's or the kernel's words, never a body or a header.
package enum HTTPFailure: Error, Equatable, Sendable {
    case couldNotResolve(host: String)
    case couldNotConnect(host: String, reason: String)
    /// The exchange took longer than its limit; `connected`: whether the server had accepted the connection.
    case timedOut(connected: Bool)
    /// The server did not prove who it is, or TLS failed: 76, never retried.
    case untrusted(reason: String)
    /// The connection broke, or was closed before the answer was whole.
    case broken(reason: String)
    /// The answer is larger than the limit.
    case tooLarge(limit: Int)
    /// The answer is not HTTP.
    case malformed(reason: String)
    /// The request can't be sent: its URL or a header value is invalid.
    case invalidRequest(reason: String)
}

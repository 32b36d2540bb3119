import CCurl
import Secrets

/// The address of a request: its URL, checked, and the connection's address if that differs.
struct CurlAddress: Hashable {
    /// The URL that curl gets.
    let url: String
    let scheme: String
    /// The URL's host, in lower case.
    let host: String
    let port: String
    /// `HOST:PORT:TO-HOST:TO-PORT` for curl, if the connection goes to another address than the URL's.
    var connectTo: String?
    /// The value of `Host:` if it is not the URL's.
    var hostHeader: String?

    /// Checks that the scheme fits the peer, and that the URL has no forbidden parts.
    init(_ request: HTTPRequest) throws(HTTPFailure) {
        guard request.url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            let parts = CurlURL(request.url, flags: CURLU_PATH_AS_IS), let scheme = parts[CURLUPART_SCHEME],
            let host = parts[CURLUPART_HOST], let port = parts[CURLUPART_PORT]
        else { throw .invalidRequest(reason: "not a URL") }
        guard parts[CURLUPART_USER] == nil, parts[CURLUPART_PASSWORD] == nil else {
            throw .invalidRequest(reason: "the URL holds a user or password")
        }
        guard scheme == "https" || (scheme == "http" && request.peer == .machine) else {
            throw .invalidRequest(reason: "the URL is not https")
        }
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port
        guard case .tokenProxy(let connect, let serverName, _) = request.peer else {
            url = request.url
            return
        }
        connectTo = "::" + (Self.hasPort(connect) ? connect : connect + ":443")
        // curl's URL has the name that the server must prove; `Host` has the requested name.
        if let serverName, serverName != host {
            guard !serverName.isEmpty, parts.replace(CURLUPART_HOST, by: serverName) else {
                throw .invalidRequest(reason: "the server name is invalid")
            }
            hostHeader = port == "443" ? host : "\(host):\(port)"
        }
        guard let url = parts[CURLUPART_URL] else { throw .invalidRequest(reason: "not a URL") }
        self.url = url
    }

    private static func hasPort(_ address: String) -> Bool {
        guard let colon = address.lastIndex(of: ":") else { return false }
        let port = address[address.index(after: colon)...]
        return !port.isEmpty && port.allSatisfy { $0.isASCII && $0.isNumber }
    }
}

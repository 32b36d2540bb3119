import CCurl
import LinuxSystem
import Secrets

/// One exchange inside curl: its options, the memory that it lends to curl, and what curl has reported so far.
///
/// curl's callbacks get this object unretained: it must outlive its place in the `CurlLoop`.
@safe
final class CurlExchange {
    let easy: UnsafeMutableRawPointer
    private let request: HTTPRequest
    private let destination: CurlAddress
    private let settings: CurlTransportSettings
    private let headerLines = WipedList()
    private let connectTo = WipedList()
    private let requestBody: WipedMemory
    private let words: UnsafeMutablePointer<CChar>
    private let pin: UnsafeMutablePointer<ccurl_pin>
    private var head = AnswerHead()
    private var body = SecretBuffer(capacity: 0)
    private var stop: CurlFacts.Stop?
    /// The connection was ready, and the request was about to be sent.
    private(set) var isConnected = false
    /// That connection carries many exchanges at once.
    private(set) var isMultiplexed = false
    /// How the server proved who it is, if that is noted.
    private(set) var peer: TLSPeer?
    /// The first line of an answer has arrived.
    private(set) var isAnswering = false
    /// The host's plan has been told how long the answer took to begin.
    var isCounted = false
    /// The server's kernel (or a proxy's) has accepted a connection that was made for this exchange.
    private var wasAccepted = false
    /// The sockets that curl waits for in this exchange: two while it tries both IPv4 and IPv6.
    private var sockets: [CInt] = []

    init(_ request: HTTPRequest, _ address: CurlAddress, _ settings: CurlTransportSettings) throws(HTTPFailure) {
        guard let easy = unsafe curl_easy_init() else { throw .invalidRequest(reason: "libcurl has no memory") }
        unsafe self.easy = unsafe easy
        self.request = request
        destination = address
        self.settings = settings
        requestBody = WipedMemory("", request.body)
        unsafe words = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe pin = .allocate(capacity: 1)
        unsafe pin.initialize(to: ccurl_pin())
        for header in request.headers {
            try headerLines.append(header: header.name, header.value)
        }
        try setGeneral()
        try setRequest()
        try setPeer()
        setCallbacks()
    }

    deinit {
        unsafe curl_easy_cleanup(easy)
        unsafe words.deallocate()
        unsafe pin.deallocate()
    }
}

// Options.
extension CurlExchange {
    private func setGeneral() throws(HTTPFailure) {
        try unsafe set(CURLOPT_ERRORBUFFER, pointer: words)
        // No signals, and no wait for a hung resolver thread, so that an exchange can be cancelled at any time.
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_PROTOCOLS_STR, destination.scheme)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        try set(CURLOPT_HTTP09_ALLOWED, 0)
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_TIMEOUT_MS, Self.milliseconds(request.timeout))
        try set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.connectTimeout))
        try set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_PROXY_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    }

    private func setRequest() throws(HTTPFailure) {
        try set(CURLOPT_URL, destination.url)
        if let hostHeader = destination.hostHeader, !request.headers.contains(where: { $0.name.lowercased() == "host" })
        {
            headerLines.append("Host: \(hostHeader)")
        }
        if request.method == .post {
            // No `Expect: 100-continue`: it would save nothing.
            headerLines.append("Expect:")
            try set(CURLOPT_POST, 1)
            try check(unsafe ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(requestBody.count)))
            // curl does not copy it: this object owns the memory.
            try unsafe set(CURLOPT_POSTFIELDS, pointer: UnsafeMutableRawPointer(mutating: requestBody.bytes))
        }
        try check(unsafe ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerLines.first))
        if let target = destination.connectTo {
            connectTo.append(target)
            try check(unsafe ccurl_set_list(easy, CURLOPT_CONNECT_TO, connectTo.first))
        }
    }

    private func setPeer() throws(HTTPFailure) {
        // Never curl's defaults: they read the environment, and load both the bundle and the directory.
        try set(CURLOPT_CAINFO, nil)
        try set(CURLOPT_CAPATH, nil)
        if case .authorities = request.peer, let proxy = settings.proxy {
            try set(CURLOPT_PROXY, proxy.address)
            try set(CURLOPT_NOPROXY, proxy.exceptions)
            try set(CURLOPT_PROXY_CAINFO, settings.trust.bundle)
            try set(CURLOPT_PROXY_CAPATH, settings.trust.directory)
        } else {
            try set(CURLOPT_PROXY, "")
            try set(CURLOPT_NOPROXY, "*")
        }
        if case .pinned(let sha1) = request.peer {
            try setPin(sha1)
            return
        }
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        try unsafe set(CURLOPT_SHARE, pointer: settings.sessions.share)
        if case .tokenProxy(_, _, let authorities?) = request.peer {
            let bytes = Array(authorities.utf8)
            let code = unsafe bytes.withUnsafeBytes {
                unsafe ccurl_set_blob(easy, CURLOPT_CAINFO_BLOB, $0.baseAddress, $0.count)
            }
            return try check(code)
        }
        guard destination.scheme == "https" else { return }
        guard !settings.trust.isEmpty else {
            throw .untrusted(reason: "there are no certificate authorities on this system")
        }
        try set(CURLOPT_CAINFO, settings.trust.bundle)
        try set(CURLOPT_CAPATH, settings.trust.directory)
    }

    /// A connection to a pinned server is used for one exchange and never resumed, so that the certificate is checked
    /// each time.
    private func setPin(_ sha1: [UInt8]) throws(HTTPFailure) {
        guard sha1.count == 20 else { throw .invalidRequest(reason: "a SHA-1 has 20 bytes") }
        unsafe withUnsafeMutableBytes(of: &pin.pointee.sha1) { unsafe $0.copyBytes(from: sha1) }
        try check(unsafe ccurl_set_pin(easy, pin))
        try set(CURLOPT_SSL_VERIFYPEER, 0)
        try set(CURLOPT_SSL_VERIFYHOST, 0)
        try set(CURLOPT_SSL_SESSIONID_CACHE, 0)
        try set(CURLOPT_FRESH_CONNECT, 1)
        try set(CURLOPT_FORBID_REUSE, 1)
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPFailure) {
        try check(unsafe ccurl_set_long(easy, option, value))
    }

    private func set(_ option: CURLoption, _ value: String?) throws(HTTPFailure) {
        try check(unsafe ccurl_set_string(easy, option, value))
    }

    private func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer?) throws(HTTPFailure) {
        try check(unsafe ccurl_set_pointer(easy, option, pointer))
    }

    private func check(_ code: CURLcode) throws(HTTPFailure) {
        if code != CURLE_OK { throw .invalidRequest(reason: "libcurl refuses an option (code \(code.rawValue))") }
    }

    /// At least 1, because 0 means no limit for curl.
    private static func milliseconds(_ duration: Duration) -> Int {
        Int(min(max(duration.wholeMilliseconds, 1), Int64(Int32.max)))
    }
}

// Callbacks.
extension CurlExchange {
    private func setCallbacks() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        _ = unsafe ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        _ = unsafe ccurl_set_pointer(easy, CURLOPT_PREREQDATA, context)
        _ = unsafe ccurl_set_data_function(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            let accepted = unsafe CurlExchange.from(context)?.takeHeader(
                UnsafeRawBufferPointer(start: bytes, count: size * count))
            return accepted == true ? size * count : 0
        }
        _ = unsafe ccurl_set_data_function(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            let accepted = unsafe CurlExchange.from(context)?.takeBody(
                UnsafeRawBufferPointer(start: bytes, count: size * count))
            return accepted == true ? size * count : 0
        }
        _ = unsafe ccurl_set_ready_function(easy) { context, _, _, _, _ in
            unsafe CurlExchange.from(context)?.connected()
            return CURL_PREREQFUNC_OK
        }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlExchange? {
        unsafe context.map { unsafe Unmanaged<CurlExchange>.fromOpaque($0).takeUnretainedValue() }
    }

    private func connected() {
        isConnected = true
        isMultiplexed = unsafe destination.scheme == "https" && ccurl_speaks_h2(easy) != 0
        if settings.notesPeers { peer = unsafe TLSPeer(easy) }
    }

    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        isAnswering = true
        switch unsafe head.take(bytes.bindMemory(to: UInt8.self).span) {
        case nil: break
        case .tooLarge: stop = .tooLarge(limit: AnswerHead.mostBytes)
        case .malformed(let reason): stop = .malformed(reason)
        }
        if let announced = head.contentLength, announced > request.bodyLimit {
            stop = .tooLarge(limit: request.bodyLimit)
        }
        return stop == nil
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        head.bodyBegan = true
        guard bytes.count <= request.bodyLimit - body.count else {
            stop = .tooLarge(limit: request.bodyLimit)
            return false
        }
        body.append(unsafe bytes.bindMemory(to: UInt8.self).span)
        return true
    }
}

// Results.
extension CurlExchange {
    /// The name is resolved, or the connection is reused.
    var isResolved: Bool { unsafe isConnected || ccurl_microseconds(easy, CURLINFO_NAMELOOKUP_TIME_T) > 0 }

    /// The server's kernel has accepted the connection. Not from curl: its CURLINFO_CONNECT_TIME_T is 0 until TLS is
    /// done (seen with 7.88.1).
    var isAccepted: Bool {
        lookAtSockets()
        return isConnected || wasAccepted
    }

    /// curl begins or ceases to wait for a socket of this exchange.
    func waits(for socket: CInt, _ begins: Bool) {
        lookAtSockets()
        sockets.removeAll { $0 == socket }
        if begins { sockets.append(socket) }
    }

    private func lookAtSockets() {
        if !wasAccepted, !isConnected { wasAccepted = sockets.contains { ccurl_has_peer($0) != 0 } }
    }

    /// Whether the request goes to the machine's own endpoint, which is near, and for which others wait.
    var isOfMachine: Bool { request.peer == .machine }

    /// Adds headers if the request has not been sent; false if it has, or if a header is invalid.
    func amend(with headers: [(name: String, value: HTTPHeaderValue)]) -> Bool {
        guard !isConnected else { return false }
        do throws(HTTPFailure) {
            for header in headers { try headerLines.append(header: header.name, header.value) }
            try check(unsafe ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerLines.first))
            return true
        } catch {
            return false
        }
    }

    /// Connections that were made for this exchange.
    var connectionsMade: Int { unsafe ccurl_long(easy, CURLINFO_NUM_CONNECTS) }

    /// From the request to the first byte of its answer.
    var answerTime: Duration {
        let sent = unsafe ccurl_microseconds(easy, CURLINFO_PRETRANSFER_TIME_T)
        let began = unsafe ccurl_microseconds(easy, CURLINFO_STARTTRANSFER_TIME_T)
        return .microseconds(max(began - sent, 0))
    }

    /// The handle's address, which identifies it.
    var address: UInt { unsafe UInt(bitPattern: easy) }

    private var proxyName: String? {
        if case .authorities = request.peer { settings.proxy?.name } else { nil }
    }

    /// The authorities that the server was checked against.
    var trust: TrustStore { settings.trust }

    /// The facts about an exchange that ended with `code`.
    func facts(_ code: CURLcode) -> CurlFacts {
        var verification = unsafe ccurl_long(easy, CURLINFO_SSL_VERIFYRESULT)
        if verification <= Int(X509_V_ERR_UNSPECIFIED) {
            // curl's initial value is 1, unspecified.
            verification = unsafe ccurl_long(easy, CURLINFO_PROXY_SSL_VERIFYRESULT)
        }
        return unsafe CurlFacts(
            code: code, host: destination.host, proxy: proxyName, connected: isAccepted, stop: stop,
            pinRefused: pin.pointee.refused != 0,
            verification: verification <= Int(X509_V_ERR_UNSPECIFIED) ? 0 : verification,
            systemError: CInt(truncatingIfNeeded: ccurl_long(easy, CURLINFO_OS_ERRNO)),
            proxyStatus: ccurl_long(easy, CURLINFO_HTTP_CONNECTCODE), words: String(cString: words),
            authorities: settings.trust.bundle ?? settings.trust.directory ?? "none"
        )
    }

    /// Moves the answer out; only once.
    func response() -> HTTPResponse {
        var whole = SecretBuffer(capacity: 0)
        swap(&whole, &body)
        return HTTPResponse(
            status: unsafe ccurl_long(easy, CURLINFO_RESPONSE_CODE), headers: head.headers, body: whole.frozen())
    }
}

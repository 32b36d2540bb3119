import CCurl
import Glibc
import LinuxSystem

/// libcurl's multi interface, driven by `curl_multi_socket_action` and poll(2).
///
/// `curl_multi_perform` is not used: from 7.73 to 8.9 it can lose a timer, and then an exchange stalls until something
/// else wakes the loop. After a round over all exchanges it removes all timers that have expired by `now`, but each
/// exchange that begins to connect during the round moves `now` on. If an exchange tells an earlier one in the list to
/// run at once (it may use a connection, a stream has data), the timer of that one is removed before it has run.
/// `curl_multi_socket_action` removes a timer only to run its exchange.
@safe
final class CurlLoop {
    private let multi: UnsafeMutableRawPointer
    private var sockets: [pollfd] = []
    /// By the address of curl's handle.
    private var running: [UInt: CurlExchange] = [:]

    /// At its end it closes and frees nothing.
    private let isLeftOpen: Bool

    init(isLeftOpen: Bool = false) {
        self.isLeftOpen = isLeftOpen
        guard let multi = unsafe curl_multi_init() else { preconditionFailure("no memory for libcurl") }
        unsafe self.multi = unsafe multi
        // Our own queue limits the connections: curl must not close one because few exchanges are left.
        _ = unsafe ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 512)
        _ = unsafe ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe ccurl_multi_set_socket_function(
            multi,
            { easy, socket, what, context, _ in
                unsafe context.map { unsafe Unmanaged<CurlLoop>.fromOpaque($0).takeUnretainedValue() }?.watch(
                    socket, what, for: UInt(bitPattern: easy))
                return 0
            }, context)
    }

    deinit {
        if isLeftOpen {
            // curl still refers to them, so they must stay alive.
            for exchange in running.values { _ = unsafe Unmanaged.passRetained(exchange) }
            return
        }
        for exchange in running.values {
            _ = unsafe curl_multi_remove_handle(multi, exchange.easy)
        }
        _ = unsafe curl_multi_cleanup(multi)
    }

    /// Starts an exchange: when this returns, the name lookup or the connection has begun.
    func add(_ exchange: CurlExchange) {
        running[exchange.address] = exchange
        _ = unsafe curl_multi_add_handle(multi, exchange.easy)
    }

    /// Cancels an exchange. A connection with an unfinished request is closed.
    func remove(_ exchange: CurlExchange) {
        _ = unsafe curl_multi_remove_handle(multi, exchange.easy)
        running[exchange.address] = nil
    }

    /// Runs what is due now, without waiting.
    func kick() {
        var count: CInt = 0
        _ = unsafe curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &count)
    }

    /// Waits for the first event, at most until `deadline`, and handles it.
    func turn(until deadline: BootInstant) {
        let ready = waitForSockets(until: deadline)
        var count: CInt = 0
        for socket in ready {
            _ = unsafe curl_multi_socket_action(multi, socket.fd, Self.bits(socket.revents), &count)
        }
        if ready.isEmpty || timeToTimer == .zero { kick() }
    }

    /// The exchanges that have ended since the last call, with curl's results.
    func ended() -> [(CurlExchange, CURLcode)] {
        var ended: [(CurlExchange, CURLcode)] = []
        var code = CURLE_OK
        while let easy = unsafe ccurl_next_ended(multi, &code) {
            guard let exchange = running[UInt(bitPattern: easy)] else { continue }
            remove(exchange)
            ended.append((exchange, code))
        }
        return ended
    }

    /// The time until curl's next timer; nil if there is none.
    private var timeToTimer: Duration? {
        var milliseconds = 0
        _ = unsafe curl_multi_timeout(multi, &milliseconds)
        return milliseconds < 0 ? nil : .milliseconds(milliseconds)
    }

    private func waitForSockets(until deadline: BootInstant) -> [pollfd] {
        let left = max(deadline - .now, .zero)
        let pause = min(timeToTimer ?? left, left)
        // Rounded up: otherwise the loop would spin until the timer expires.
        let milliseconds = min((pause.wholeNanoseconds + 999_999) / 1_000_000, Int64(CInt.max))
        let count = unsafe sockets.withUnsafeMutableBufferPointer {
            unsafe poll($0.baseAddress, nfds_t($0.count), CInt(milliseconds))
        }
        // An interrupted wait counts as a short one.
        return count > 0 ? sockets.filter { $0.revents != 0 } : []
    }

    private func watch(_ socket: CInt, _ what: CInt, for easy: UInt) {
        sockets.removeAll { $0.fd == socket }
        running[easy]?.waits(for: socket, what != CURL_POLL_REMOVE)
        let events =
            switch what {
            case CURL_POLL_IN: POLLIN
            case CURL_POLL_OUT: POLLOUT
            case CURL_POLL_INOUT: POLLIN | POLLOUT
            default: CInt(0)
            }
        guard events != 0 else { return }
        let entry = pollfd(fd: socket, events: Int16(events), revents: 0)
        // Exchanges with the machine's own endpoints go first: a handshake would delay the request for a token.
        if running[easy]?.isOfMachine == true { sockets.insert(entry, at: 0) } else { sockets.append(entry) }
    }

    private static func bits(_ events: Int16) -> CInt {
        let events = CInt(events)
        return (events & POLLIN != 0 ? CURL_CSELECT_IN : 0) | (events & POLLOUT != 0 ? CURL_CSELECT_OUT : 0)
            | (events & (POLLERR | POLLHUP | POLLNVAL) != 0 ? CURL_CSELECT_ERR | CURL_CSELECT_IN : 0)
    }
}

/// TLS sessions that one connection leaves for the next (CURLSH); only ever used by one thread.
@safe
final class CurlSessions {
    let share: UnsafeMutableRawPointer?

    init() {
        unsafe share = curl_share_init()
        _ = unsafe ccurl_share_sessions(share)
    }

    deinit {
        _ = unsafe curl_share_cleanup(share)
    }
}

/// Initializes libcurl and OpenSSL, once in a process.
enum CurlGlobal {
    static let isReady: Bool = {
        // SSLKEYLOGFILE would make libcurl write the keys of every connection to a file.
        _ = unsafe unsetenv("SSLKEYLOGFILE")
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()
}

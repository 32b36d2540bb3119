import CLinux
import Glibc

/// Listening local stream sockets, inherited from the service manager.
package struct ListeningSockets {
    private let numbers: [CInt]

    /// Adopts listening local stream sockets. They stay open until the process ends.
    package init(adopting numbers: [CInt]) {
        self.numbers = numbers
        for number in numbers { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        clinux_hold_begin()
    }

    /// Waits until a peer connects, at most this long, and accepts all that wait then. Empty if none came.
    package func accept(waitingAtMost limit: Duration, count: Int) -> [LocalPeer] {
        var peers: [LocalPeer] = []
        var wait = CInt(clamping: limit.wholeMilliseconds)
        while peers.count < count, let ready = next(within: wait) {
            wait = 0
            var peer = clinux_peer()
            let number = unsafe clinux_accept(ready, &peer)
            // A peer that has disconnected does not count.
            guard number >= 0 else { continue }
            let address = unsafe withUnsafeBytes(of: &peer.address) { unsafe Array($0.prefix(peer.address_count)) }
            let process = OwnedSlot()
            if peer.pidfd >= 0 { process.put(OwnedDescriptor(owning: peer.pidfd)) }
            peers.append(
                LocalPeer(OwnedDescriptor(owning: number), user: peer.user, address: address, process: process))
        }
        return peers
    }

    /// A listener with a waiting connection. The next call takes the others.
    private func next(within milliseconds: CInt) -> CInt? {
        var watched = numbers.map { pollfd(fd: $0, events: CShort(POLLIN), revents: 0) }
        let count = unsafe watched.withUnsafeMutableBufferPointer { list in
            unsafe poll(list.baseAddress, nfds_t(list.count), milliseconds)
        }
        guard count > 0 else { return nil }
        return watched.first { $0.revents != 0 }?.fd
    }
}

/// A connected peer of a local socket. The peer takes the end of the connection for its answer. If this process ends
/// before the peer has the whole answer, the peer is refused (`clinux_hold_begin`).
package final class LocalPeer {
    /// The peer's user, from the kernel.
    package let user: UInt32
    /// The address that the peer bound itself to, with its leading NUL byte; empty for none.
    package let address: [UInt8]
    private let process: OwnedSlot
    private let descriptor: OwnedDescriptor

    package init(
        _ descriptor: consuming OwnedDescriptor, user: UInt32, address: [UInt8],
        process: OwnedSlot = OwnedSlot()
    ) {
        _ = clinux_hold(descriptor.number)
        self.descriptor = descriptor
        self.user = user
        self.address = address
        self.process = process
    }

    /// The connection's descriptor.
    package var number: CInt { descriptor.number }

    /// The descriptor of the peer's process (pidfd_open(2)); nil where the kernel does not say.
    package var processDescriptor: CInt? { process.number }

    /// Whether the peer's process has not ended: its number can't be another's yet.
    package var isRunning: Bool {
        guard let number = process.number else { return false }
        var watched = pollfd(fd: number, events: CShort(POLLIN), revents: 0)
        return unsafe poll(&watched, 1, 0) == 0
    }

    deinit { clinux_release(descriptor.number) }

    /// Ends the answer (shutdown(2)). The peer is not held any longer.
    package func finish() {
        _ = shutdown(descriptor.number, CInt(SHUT_WR))
        clinux_release(descriptor.number)
    }

    /// Refuses the peer: sends more bytes than a credential may have. If the peer does not read them in time, the
    /// connection stays open, and the peer gets the rest when the process ends.
    package func refuse(within limit: Duration) {
        guard !clinux_refuse(descriptor.number, CInt(clamping: limit.wholeMilliseconds)) else { return }
        _ = unsafe Unmanaged.passRetained(self)
    }

    /// Sends all held peers the rest of their refusals, at most for this long. For the end of the process.
    package static func refuseAll(within limit: Duration) { clinux_refuse_all(CInt(clamping: limit.wholeMilliseconds)) }

    /// Sends all of the bytes, at most until the deadline (`ETIMEDOUT`).
    package func send(_ bytes: Span<UInt8>, before deadline: BootInstant) throws(SystemError) {
        var sent = 0
        while sent < bytes.count {
            let rest = bytes.extracting(sent..<bytes.count)
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor.number, $0.baseAddress, $0.count, sendFlags)
            }
            if count > 0 {
                sent += count
            } else if count < 0, errno != EAGAIN, errno != EINTR {
                throw SystemError(call: "send")
            } else {
                try waitForRoom(until: deadline)
            }
        }
    }

    private var sendFlags: CInt { CInt(MSG_NOSIGNAL) }

    private func waitForRoom(until deadline: BootInstant) throws(SystemError) {
        let left = (deadline - .now).wholeMilliseconds
        guard left > 0 else { throw SystemError(call: "send", code: ETIMEDOUT) }
        var watched = pollfd(fd: descriptor.number, events: CShort(POLLOUT), revents: 0)
        _ = unsafe poll(&watched, 1, CInt(clamping: left))
    }
}

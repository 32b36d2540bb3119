import CLinux
import Glibc

/// Local stream sockets that listen, taken over from whoever made them.
package struct ListeningSockets {
    private let numbers: [CInt]

    /// Takes the numbers over; nil where one of them is no local stream socket that listens. They close with the
    /// process.
    package init?(adopting numbers: [CInt]) {
        guard !numbers.isEmpty, numbers.allSatisfy({ clinux_is_listening($0) }) else { return nil }
        self.numbers = numbers
        for number in numbers { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        clinux_hold_begin()
    }

    /// Waits until somebody connects, at most this long, and takes all that wait then; empty when nobody came.
    package func accept(waitingAtMost limit: Duration, count: Int) -> [LocalPeer] {
        var peers: [LocalPeer] = []
        var wait = CInt(clamping: limit.wholeMilliseconds)
        while peers.count < count, let ready = next(within: wait) {
            wait = 0
            var peer = clinux_peer()
            let number = unsafe clinux_accept(ready, &peer)
            // Who went away again was nobody.
            guard number >= 0 else { continue }
            let address = unsafe withUnsafeBytes(of: &peer.address) { unsafe Array($0.prefix(peer.address_count)) }
            peers.append(
                LocalPeer(
                    OwnedDescriptor(owning: number), user: peer.user, address: address,
                    controlGroups: Self.controlGroups(of: peer)))
        }
        return peers
    }

    /// What the kernel says of the peer's control groups; nil where it is not certain that they are the peer's own.
    private static func controlGroups(of peer: clinux_peer) -> String? {
        guard peer.pidfd >= 0 else { return nil }
        let process = OwnedDescriptor(owning: peer.pidfd)
        let text = ProcessFiles.text("/proc/\(peer.process)/cgroup")
        // A number that was free in between may be another's; that of a process that still runs was not.
        return clinux_is_running(process.number) ? text : nil
    }

    /// A listener with a connection that waits; the others have their turn in the next round.
    private func next(within milliseconds: CInt) -> CInt? {
        var watched = numbers.map { pollfd(fd: $0, events: CShort(POLLIN), revents: 0) }
        let count = unsafe watched.withUnsafeMutableBufferPointer { list in
            unsafe poll(list.baseAddress, nfds_t(list.count), milliseconds)
        }
        guard count > 0 else { return nil }
        return watched.first { $0.revents != 0 }?.fd
    }
}

/// A connected peer of a local socket that takes an end for an answer; it closes with its last owner. Until it has heard
/// all of an answer, it is refused by whatever ends this process (`clinux_hold_begin`).
package final class LocalPeer {
    /// The peer's user, as the kernel vouches for it.
    package let user: UInt32
    /// The address that the peer bound itself to, with its leading NUL byte; empty for none.
    package let address: [UInt8]
    /// The peer's control groups (cgroups(7), /proc/PID/cgroup); nil where nobody can tell.
    package let controlGroups: String?
    private let descriptor: OwnedDescriptor

    package init(
        _ descriptor: consuming OwnedDescriptor, user: UInt32, address: [UInt8], controlGroups: String?
    ) {
        _ = clinux_hold(descriptor.number)
        self.descriptor = descriptor
        self.user = user
        self.address = address
        self.controlGroups = controlGroups
    }

    deinit { clinux_release(descriptor.number) }

    /// The peer has its answer, and sees the end of it (shutdown(2)): it is not held any longer.
    package func finish() {
        _ = shutdown(descriptor.number, CInt(SHUT_WR))
        clinux_release(descriptor.number)
    }

    /// Says more than a credential may be long. One that does not read it in time stays open: it hears the rest when the
    /// process ends.
    package func refuse(within limit: Duration) {
        guard !clinux_refuse(descriptor.number, CInt(clamping: limit.wholeMilliseconds)) else { return }
        _ = unsafe Unmanaged.passRetained(self)
    }

    /// For the end of the process: what all peers have not heard yet, at most for this long.
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

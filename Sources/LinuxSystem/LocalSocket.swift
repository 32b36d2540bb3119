import CLinux
import Glibc

/// A message of a local socket: its bytes, the descriptors that came with it, and who sent it (unix(7)).
package struct LocalMessage {
    /// How many bytes were received.
    package let count: Int
    /// The descriptors, close-on-exec; the receiver owns them.
    package let descriptors: [CInt]
    /// The sender's process id, from the kernel; 0 if unknown.
    package let sender: Int32
}

/// Local sockets: the worker's report, the service manager's datagrams.
package enum LocalSocket {
    /// A connected pair of stream sockets, close-on-exec.
    package static func pair() throws(SystemError) -> OwnedPair {
        var ends: (CInt, CInt) = (-1, -1)
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let result = unsafe withUnsafeMutableBytes(of: &ends) { buffer in
            unsafe socketpair(AF_UNIX, type, 0, buffer.bindMemory(to: CInt.self).baseAddress)
        }
        guard result == 0 else { throw SystemError(call: "socketpair") }
        return OwnedPair(first: OwnedDescriptor(owning: ends.0), second: OwnedDescriptor(owning: ends.1))
    }

    /// Two descriptors with one owner each.
    package struct OwnedPair: ~Copyable {
        package let first: OwnedDescriptor
        package let second: OwnedDescriptor

        /// Keeps the first and closes the second.
        package consuming func takeFirst() -> OwnedDescriptor {
            first
        }
    }

    /// Receives pending bytes, at most the buffer's size. nil if none are pending; a count of 0 is the end of the
    /// stream.
    package static func receive(
        from socket: CInt, into buffer: inout [UInt8], descriptorLimit: Int = 64
    ) throws(SystemError) -> LocalMessage? {
        var descriptors = [CInt](repeating: -1, count: descriptorLimit)
        var received = 0
        var sender: pid_t = 0
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe descriptors.withUnsafeMutableBufferPointer { list in
                unsafe clinux_receive(
                    socket, bytes.baseAddress, bytes.count, list.baseAddress, list.count, &received, &sender)
            }
        }
        if count < 0 {
            if errno == EAGAIN { return nil }
            if errno == ECONNRESET { return LocalMessage(count: 0, descriptors: [], sender: 0) }
            throw SystemError(call: "recvmsg")
        }
        return LocalMessage(count: count, descriptors: Array(descriptors.prefix(received)), sender: sender)
    }

    /// Sends all bytes over a connected stream; the descriptors go with the first of them.
    package static func send(
        _ bytes: [UInt8], descriptors: [CInt] = [], over socket: CInt
    ) throws(SystemError) {
        var sent = 0
        while sent < bytes.count {
            let attached = sent == 0 ? descriptors : []
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe attached.withUnsafeBufferPointer { list in
                    unsafe clinux_send(
                        socket, buffer.baseAddress?.advanced(by: sent), bytes.count - sent, list.baseAddress, list.count
                    )
                }
            }
            guard count > 0 else { throw SystemError(call: "sendmsg") }
            sent += count
        }
    }

    /// Sends all bytes over a connected stream; throws `ETIMEDOUT` if the other end does not read them in time.
    package static func send(_ bytes: Span<UInt8>, over socket: CInt, until deadline: BootInstant) throws(SystemError) {
        var sent = 0
        while sent < bytes.count {
            var watched = pollfd(fd: socket, events: CShort(POLLOUT), revents: 0)
            let left = (deadline - .now).wholeMilliseconds
            guard left > 0, unsafe poll(&watched, 1, CInt(clamping: left)) == 1 else {
                throw SystemError(call: "send", code: ETIMEDOUT)
            }
            let count = unsafe bytes.extracting(sent..<bytes.count).withUnsafeBytes { buffer in
                unsafe Glibc.send(socket, buffer.baseAddress, buffer.count, CInt(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count > 0 else { throw SystemError(call: "send") }
            sent += count
        }
    }

    /// Sends one datagram to an address that begins with `/` or `@`.
    package static func send(
        _ bytes: [UInt8], descriptors: [CInt] = [], to address: String, from socket: CInt
    ) throws(SystemError) {
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe descriptors.withUnsafeBufferPointer { list in
                unsafe clinux_send_to(socket, address, buffer.baseAddress, buffer.count, list.baseAddress, list.count)
            }
        }
        guard count == bytes.count else { throw SystemError(call: "sendmsg", subject: address) }
    }

    /// An unbound datagram socket, close-on-exec, not blocking.
    package static func datagram() throws(SystemError) -> OwnedDescriptor {
        let type = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let number = socket(AF_UNIX, type, 0)
        guard number >= 0 else { throw SystemError(call: "socket") }
        return OwnedDescriptor(owning: number)
    }

    /// An unbound datagram socket, close-on-exec. A send waits while the receiver's queue is full, at most for this
    /// long (socket(7), `SO_SNDTIMEO`).
    package static func datagram(waitingAtMost limit: Duration) throws(SystemError) -> OwnedDescriptor {
        let number = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemError(call: "socket") }
        let descriptor = OwnedDescriptor(owning: number)
        var time = timeval()
        time.tv_sec = Int(limit.wholeMilliseconds / 1000)
        time.tv_usec = Int(limit.wholeMilliseconds % 1000 * 1000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        guard unsafe setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &time, size) == 0 else {
            throw SystemError(call: "setsockopt")
        }
        return descriptor
    }

    /// Whether a descriptor is a local datagram socket.
    package static func isDatagram(_ number: CInt) -> Bool {
        var (domain, type) = (CInt(0), CInt(0))
        var size = socklen_t(MemoryLayout<CInt>.size)
        return unsafe getsockopt(number, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX
            && getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == CInt(SOCK_DGRAM.rawValue)
    }

    /// Waits until the receivers have taken what was sent from this socket, at most 200 ms.
    package static func flush(_ socket: CInt) {
        var looks = 100
        while looks > 0, !isTaken(socket) {
            pause(.milliseconds(2))
            looks -= 1
        }
        // The receiver looks the sender up after it has taken the message.
        pause(.milliseconds(2))
    }

    /// Whether the receivers have taken everything that was sent from this socket (unix(7), `SIOCOUTQ`).
    package static func isTaken(_ socket: CInt) -> Bool {
        var waiting: CInt = 0
        return unsafe ioctl(socket, UInt(TIOCOUTQ), &waiting) != 0 || waiting == 0
    }

    /// A datagram socket with an abstract name that the kernel chooses (`@…`). The kernel adds each sender's
    /// credentials.
    package static func anonymous() throws(SystemError) -> NamedSocket {
        var name = [CChar](repeating: 0, count: 128)
        let number = unsafe name.withUnsafeMutableBufferPointer {
            unsafe clinux_bind_anonymous($0.baseAddress, $0.count)
        }
        guard number >= 0 else { throw SystemError(call: "bind") }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return NamedSocket(socket: OwnedDescriptor(owning: number), name: String(decoding: bytes, as: UTF8.self))
    }

    /// A socket with its address.
    package struct NamedSocket: ~Copyable {
        package let socket: OwnedDescriptor
        package let name: String

        /// Passes the socket's ownership to the caller.
        package consuming func takeSocket() -> OwnedDescriptor {
            socket
        }
    }
}

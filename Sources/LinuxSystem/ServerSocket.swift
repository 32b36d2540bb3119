import CLinux
import Glibc

/// A listening stream socket, close-on-exec. Connections wait in its queue as long as any process has it open.
package final class ServerSocket {
    private let descriptor: OwnedDescriptor
    private let file: (path: String, device: UInt64, inode: UInt64)?

    /// As many as a command can be given (`CLINUX_LISTENER_LIMIT`).
    package static let limit = Int(CLINUX_LISTENER_LIMIT)

    /// At an address in digits, `::` being all of IPv6 and IPv4; nil: at all addresses of the machine.
    package init(host: String?, port: UInt16) throws(SystemError) {
        let number =
            if let host { unsafe clinux_listen_tcp(host, port) } else { clinux_listen_tcp(nil, port) }
        guard number >= 0 else { throw SystemError(call: "bind") }
        descriptor = OwnedDescriptor(owning: number)
        file = nil
    }

    /// At a path, with mode and owner. A socket that nobody listens at any more is replaced; anything else is `EADDRINUSE`.
    package init(path: String, mode: UInt32, user: UInt32, group: UInt32) throws(SystemError) {
        var (device, inode): (UInt64, UInt64) = (0, 0)
        let number = unsafe clinux_listen_unix(path, mode, user, group, &device, &inode)
        guard number >= 0 else { throw SystemError(call: "bind", subject: path) }
        descriptor = OwnedDescriptor(owning: number)
        file = (path, device, inode)
    }

    /// Whether a socket could be opened at an absolute path. Makes nothing.
    package static func look(at path: String, user: UInt32) throws(SystemError) {
        let code = unsafe clinux_look_at_path(path, user)
        guard code == 0 else { throw SystemError(call: "bind", code: code, subject: path) }
    }

    package var number: CInt { descriptor.number }

    /// Removes the path, unless it is another socket's by now.
    package func removePath() {
        if let file { unsafe clinux_remove_socket(file.path, file.device, file.inode) }
    }

    /// The first of these descriptors that this process has inherited, and a command would miss (every other one is
    /// close-on-exec).
    package static func inherited(among numbers: Range<CInt>) -> CInt? {
        numbers.first { number in
            let flags = fcntl(number, F_GETFD)
            return flags >= 0 && flags & FD_CLOEXEC == 0
        }
    }
}

import Glibc
import LinuxSystem
import Messages
import WorkerProtocol

/// The sockets of `--listen`: opened once, handed to every child, and in nobody else's hands.
final class ListenSockets {
    private var sockets: [ServerSocket] = []

    var numbers: [CInt] { sockets.map(\.number) }

    /// Opens all of them; nil if that went well. In the child they follow the sockets that were inherited: an inherited
    /// descriptor at such a number would be lost.
    func open(_ addresses: [ListenAddress], behind inherited: Int) -> Diagnosis? {
        let first = 3 + CInt(inherited)
        if let number = ServerSocket.inherited(among: first..<first + CInt(addresses.count)) {
            return Diagnosis(
                .socketFailed, exit: .system,
                "descriptor \(number) was inherited, and is where a socket of --listen goes",
                hint: "start latchkey without it: in a shell with '\(number)>&-'")
        }
        for address in addresses {
            do throws(SystemError) {
                sockets.append(try Self.socket(address))
            } catch {
                return Self.diagnosis(address, error)
            }
        }
        return nil
    }

    /// Removes the paths that are still these sockets'.
    func removePaths() {
        sockets.forEach { $0.removePath() }
    }

    private static func socket(_ address: ListenAddress) throws(SystemError) -> ServerSocket {
        switch address.place {
        case .tcp(let host, let port): try ServerSocket(host: host, port: port)
        case .unix(let path, let mode, let user, let group):
            try ServerSocket(path: path, mode: mode, user: user, group: group)
        }
    }

    private static func diagnosis(_ address: ListenAddress, _ error: SystemError) -> Diagnosis {
        Diagnosis(
            .socketFailed, exit: .system, "socket '\(address.text)': \(error.reason)", hint: remedy(address, error.code)
        )
    }

    private static func remedy(_ address: ListenAddress, _ code: CInt) -> String? {
        switch (address.place, code) {
        case (.tcp(_, let port), EADDRINUSE): "see who has the port with 'ss -ltnp sport = :\(port)'"
        case (.unix, EADDRINUSE): "something is at the path already: move it away, or take another path"
        case (.tcp, EACCES): "a port below 1024 takes root or CAP_NET_BIND_SERVICE"
        case (.tcp, EADDRNOTAVAIL): "take an address of this machine; see 'ip address'"
        default: nil
        }
    }
}

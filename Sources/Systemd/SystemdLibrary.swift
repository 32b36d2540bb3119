import CSystemd
import Glibc
package import LinuxSystem

/// libsystemd, loaded where there is something of systemd to talk to.
///
/// It is loaded before the sandbox, and never by a bundle: a bundle's libraries are its own, and the system's may need
/// another C library.
@safe package struct SystemdLibrary {
    let functions: UnsafePointer<csystemd>

    /// Loads the library at the first call; nil where it can't be loaded.
    package static func load() -> SystemdLibrary? {
        guard ProcessFiles.bundleDirectory == nil, let functions = unsafe csystemd_load() else { return nil }
        return unsafe SystemdLibrary(functions: functions)
    }

    /// Says what lacks, for a command that can't do without.
    package static var remedy: String {
        ProcessFiles.bundleDirectory == nil
            ? "install libsystemd0 (libsystemd.so.0)" : "use an installed latchkey: a bundle has no libsystemd"
    }

    /// A digest of the machine's identity that says nothing of it to others (sd_id128_get_machine_app_specific(3)), in
    /// hexadecimal digits; nil where the machine has none.
    package var machine: String? {
        // An identity of this program, made once; it never changes.
        let application = sd_id128(
            bytes: (
                0x3b, 0x5e, 0x0c, 0x9d, 0x61, 0x0a, 0x4d, 0x9e, 0x8f, 0x36, 0x7a, 0x92, 0xc4, 0x1d, 0x58, 0xe7
            ))
        var identity = sd_id128()
        guard unsafe functions.pointee.sd_id128_get_machine_app_specific(application, &identity) == 0 else {
            return nil
        }
        return unsafe withUnsafeBytes(of: &identity) { bytes in
            unsafe bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }

    /// The descriptors that the service manager handed to this process (sd_listen_fds(3)). `variable` finds the
    /// environment's values.
    package func listenDescriptors(_ variable: (String) -> String?) -> [Int32] {
        // The library reads the process's environment, which is empty here.
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] {
            if let value = variable(name) { _ = unsafe setenv(name, value, 1) }
        }
        let count = unsafe functions.pointee.sd_listen_fds(1)
        return count > 0 ? Array(3..<3 + count) : []
    }

    /// Whether a descriptor is a local stream socket that listens (sd_is_socket_unix(3)).
    package func isListening(_ number: Int32) -> Bool {
        unsafe functions.pointee.sd_is_socket_unix(number, Int32(SOCK_STREAM.rawValue), 1, nil, 0) > 0
    }

    /// The unit that the peer of a connection runs in (sd_peer_get_unit(3), sd_pidfd_get_unit(3)); nil where that can't
    /// be told, or where the process is gone: its number may be another's by then.
    package func unit(of peer: LocalPeer) -> String? {
        guard let process = peer.processDescriptor else { return nil }
        var text: UnsafeMutablePointer<CChar>? = nil
        var code: Int32 = -EOPNOTSUPP
        if let ask = unsafe functions.pointee.sd_pidfd_get_unit { code = unsafe ask(process, &text) }
        if code < 0 { code = unsafe functions.pointee.sd_peer_get_unit(peer.number, &text) }
        guard code >= 0, let unit = unsafe text else { return nil }
        defer { unsafe free(unit) }
        return peer.isRunning ? unsafe String(cString: unit) : nil
    }
}

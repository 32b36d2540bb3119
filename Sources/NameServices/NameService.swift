import Glibc
package import LinuxSystem

/// Users and groups by name, as the machine knows them.
package protocol NameService: Sendable {
    /// The user of that name; nil if there is none.
    func user(named name: String) throws(SystemError) -> UserRecord?

    /// The user with that number; nil if the machine knows none.
    func user(numbered number: UInt32) throws(SystemError) -> UserRecord?

    /// The number of the group of that name; nil if there is none.
    func group(named name: String) throws(SystemError) -> UInt32?

    /// All groups of the user, `primary` among them (getgrouplist(3)).
    func groups(ofUser name: String, primary: UInt32) throws(SystemError) -> [UInt32]
}

/// A user as the machine knows it (passwd(5)).
package struct UserRecord: Equatable, Sendable {
    package let name: String
    package let number: UInt32
    package let group: UInt32
    package let home: String
    package let shell: String

    /// Without a shell the machine's usual one (passwd(5)).
    package init(name: String, number: UInt32, group: UInt32, home: String, shell: String = "") {
        self.name = name
        self.number = number
        self.group = group
        self.home = home
        self.shell = shell.isEmpty ? "/bin/sh" : shell
    }
}

/// The machine's name service (nsswitch.conf(5)): files, sssd, systemd and whatever else is configured.
package struct SystemNameService: NameService {
    /// Where answers stop growing: a group with very many members takes a megabyte.
    private static let bufferLimit = 1 << 22

    package init() {}

    package func user(named name: String) throws(SystemError) -> UserRecord? {
        guard !name.utf8.contains(0) else { return nil }
        return try unsafe Self.lookUp("getpwnam_r", name) { buffer, size, code in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            code = unsafe getpwnam_r(name, &entry, buffer, size, &found)
            return unsafe found.map { unsafe Self.record($0.pointee) }
        }
    }

    package func user(numbered number: UInt32) throws(SystemError) -> UserRecord? {
        try unsafe Self.lookUp("getpwuid_r", String(number)) { buffer, size, code in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            code = unsafe getpwuid_r(number, &entry, buffer, size, &found)
            return unsafe found.map { unsafe Self.record($0.pointee) }
        }
    }

    package func group(named name: String) throws(SystemError) -> UInt32? {
        guard !name.utf8.contains(0) else { return nil }
        return try unsafe Self.lookUp("getgrnam_r", name) { buffer, size, code in
            var entry = unsafe Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            code = unsafe getgrnam_r(name, &entry, buffer, size, &found)
            return unsafe found.map { unsafe $0.pointee.gr_gid }
        }
    }

    package func groups(ofUser name: String, primary: UInt32) throws(SystemError) -> [UInt32] {
        var capacity: CInt = 64
        while capacity <= 65_536 {
            var groups = [gid_t](repeating: 0, count: Int(capacity))
            var count = capacity
            if unsafe getgrouplist(name, primary, &groups, &count) >= 0 { return Array(groups.prefix(Int(count))) }
            // Some versions leave the count as it was when there are too many.
            capacity = max(count, capacity * 2)
        }
        throw SystemError(call: "getgrouplist", code: ERANGE, subject: name)
    }

    private static func record(_ entry: passwd) -> UserRecord {
        unsafe UserRecord(
            name: entry.pw_name.map { unsafe String(cString: $0) } ?? "", number: entry.pw_uid, group: entry.pw_gid,
            home: entry.pw_dir.map { unsafe String(cString: $0) } ?? "/",
            shell: entry.pw_shell.map { unsafe String(cString: $0) } ?? "")
    }

    /// Runs one of the reentrant look-ups with a buffer that grows while the answer does not fit.
    private static func lookUp<Value>(
        _ call: String, _ subject: String,
        _ body: (UnsafeMutablePointer<CChar>, Int, inout CInt) -> Value?
    ) throws(SystemError) -> Value? {
        var size = 4096
        while true {
            // The record points into the buffer, which has to stay where it is until the record was read.
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { unsafe buffer.deallocate() }
            var code: CInt = 0
            let value = unsafe body(buffer, size, &code)
            switch code {
            case 0: return value
            case EINTR: continue
            case ERANGE where size < bufferLimit: size *= 4
            // What name services answer, besides 0, for a name that does not exist (getpwnam_r(3), RETURN VALUE).
            case ENOENT, ESRCH, EBADF, EPERM: return nil
            default: throw SystemError(call: call, code: code, subject: subject)
            }
        }
    }
}

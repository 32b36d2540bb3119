import LinuxSystem

/// `/dev/shm`, in which all users may make entries. A user's directory is `latchkey-UID`. If another user has taken
/// that name, it is `latchkey-UID.…` with a random ending.
struct SharedMemory {
    let user: UInt32
    /// Another user has the usual name.
    private(set) var isTaken = false
    /// The directories of the user, the one of the usual name first.
    private(set) var directories: [String]

    init(user: UInt32) {
        self.user = user
        directories = ["/dev/shm/latchkey-\(user)"]
        guard let root = try? Directory.root(), let devices = try? root.directory("dev", .passing),
            let place = try? devices.directory("shm", .passing), let names = try? place.names()
        else { return }
        for name in names.sorted(by: { $0.description < $1.description }) {
            guard let status = try? place.status(of: name) else { continue }
            let isOwn = status.user == user && status.kind == .directory
            if name.description == "latchkey-\(user)" { isTaken = !isOwn }
            if isOwn, name.description.hasPrefix("latchkey-\(user).") { directories.append("/dev/shm/\(name)") }
        }
    }

    var usual: String { directories[0] }

    var newDirectory: String { "\(usual).\(String(UInt64.random(in: .min ... .max), radix: 36))" }
}

import LinuxSystem

/// `/dev/shm`, in which everybody may make names: `latchkey-UID` is a user's, unless somebody else was there first. Then
/// it is the user's own `latchkey-UID.…`, with an ending that nobody could foresee.
struct SharedMemory {
    let user: UInt32
    /// Somebody else has the usual name.
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

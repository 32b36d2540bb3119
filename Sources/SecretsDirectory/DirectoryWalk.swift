import Glibc
import LinuxSystem

/// Opens a directory component by component, and checks every component by its descriptor, not by its name.
struct DirectoryWalk: ~Copyable {
    /// Users who may own a directory on the way, besides root.
    private let trusted: Set<UInt32>
    /// How many components at the end may be created.
    private let makable: Int
    private let allowDisk: Bool
    private let owner: DeliveryOwner
    private let wanted: String

    private var place: Directory
    private var pending: [ArraySlice<UInt8>] = []
    private var physical: [String] = []
    private var linksLeft = 40
    private var madeLast = false
    private var madeAsLauncher = false

    /// The directory that a walk found.
    struct Arrival: ~Copyable {
        /// Opened with `O_PATH`: reopen it before use.
        let directory: Directory
        /// Whether this walk made it.
        let isMade: Bool
        /// Whether it made it with this process's own rights, in a directory where no other user can rename entries:
        /// then the open directory is the one that was made. In a directory of the user's, another one may have the
        /// name by now.
        let isCertain: Bool
    }

    /// Opens an absolute path. Makes up to `makable` missing components at its end.
    static func arrive(
        at path: String, for owner: DeliveryOwner, making makable: Int = 0, allowDisk: Bool = false
    ) throws(GenerationError) -> Arrival {
        let user = try system(path) { () throws(SystemError) in try UserIdentity.current().user }
        let root = try system(path) { () throws(SystemError) in try Directory.root() }
        var walk = DirectoryWalk(path, from: root, owner, trusting: user, makable, allowDisk)
        return try walk.run()
    }

    private init(
        _ path: String, from root: consuming Directory, _ owner: DeliveryOwner, trusting user: UInt32, _ makable: Int,
        _ allowDisk: Bool
    ) {
        wanted = path
        self.owner = owner
        self.makable = makable
        self.allowDisk = allowDisk
        trusted = [owner.user, user]
        place = root
        push(Array(path.utf8))
    }

    private mutating func push(_ path: [UInt8]) {
        let parts = path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        pending += parts.reversed()
    }

    private mutating func run() throws(GenerationError) -> Arrival {
        while let part = pending.popLast() {
            madeLast = false
            if part.elementsEqual("..".utf8) {
                place = try call { () throws(SystemError) in try place.above() }
                _ = physical.popLast()
                continue
            }
            let name: FileName
            do {
                name = try FileName(bytes: part)
            } catch {
                throw .path(wanted, .form(error == .null ? .null : .componentTooLong(part.count)))
            }
            try checkPassage()
            try step(name)
        }
        let directory = try call { () throws(SystemError) in try place.handle(called: wanted) }
        return Arrival(directory: directory, isMade: madeLast, isCertain: madeLast && madeAsLauncher)
    }

    private var physicalPath: String { "/" + physical.joined(separator: "/") }

    /// No other user may be able to replace a component: see the rules in latchkey(1), FILES.
    private func checkPassage() throws(GenerationError) {
        let status = try call { () throws(SystemError) in try place.descriptor.status() }
        if status.mode & 0o022 != 0, !(status.user == 0 && status.mode & 0o1000 != 0) {
            throw refused(.writable(physicalPath, mode: status.mode, owner: status.user))
        }
        if status.user != 0, !trusted.contains(status.user) {
            throw refused(.wayOwner(physicalPath, status.user))
        }
    }

    private mutating func step(_ name: FileName) throws(GenerationError) {
        let handle = try handle(name)
        let status = try call { () throws(SystemError) in try handle.status() }
        switch status.kind {
        case .directory:
            physical.append(name.description)
            place = Directory(owning: handle, path: physicalPath)
        case .link:
            try follow(handle, status, name)
        case .regular, .other:
            throw refused(.notDirectory(physicalPath == "/" ? "/\(name)" : "\(physicalPath)/\(name)"))
        }
    }

    private mutating func handle(_ name: FileName) throws(GenerationError) -> OwnedDescriptor {
        do throws(SystemError) {
            return try place.handle(name)
        } catch {
            guard error.code == ENOENT, pending.count < makable else { throw failed(error) }
            return try make(name)
        }
    }

    /// Only root's links in root's directories.
    private mutating func follow(
        _ link: borrowing OwnedDescriptor, _ status: FileStatus, _ name: FileName
    ) throws(GenerationError) {
        let container = try call { () throws(SystemError) in try place.descriptor.status() }
        guard status.user == 0, container.user == 0 else {
            throw refused(.link(physicalPath == "/" ? "/\(name)" : "\(physicalPath)/\(name)"))
        }
        linksLeft -= 1
        if linksLeft == 0 { throw failed(SystemError(call: "openat", code: ELOOP, subject: wanted)) }
        let target = try call { () throws(SystemError) in try link.linkTarget() }
        if target.first == UInt8(ascii: "/") {
            place = try call { () throws(SystemError) in try Directory.root() }
            physical = []
        }
        push(target)
    }

    /// Makes a directory in this one; in a directory of the user's, with the user's rights.
    private mutating func make(_ name: FileName) throws(GenerationError) -> OwnedDescriptor {
        let status = try call { () throws(SystemError) in try place.descriptor.status() }
        let system = try call { () throws(SystemError) in try place.descriptor.fileSystem() }
        if !system.isMemory, !allowDisk { throw refused(.notMemory(system.name)) }
        let path = wanted
        func make() throws(GenerationError) -> OwnedDescriptor {
            try call { () throws(SystemError) in
                try place.makeDirectory(name)
                let new = try place.directory(name)
                try new.descriptor.setMode(0o755)
                return try place.handle(name)
            }
        }
        madeLast = true
        madeAsLauncher = status.user != owner.user
        // Another process made it at the same moment: it is checked like any other.
        do throws(GenerationError) {
            return madeAsLauncher ? try make() : try owner.perform(in: path, make)
        } catch {
            guard case .system(let cause, _) = error, cause.code == EEXIST else { throw error }
            madeLast = false
            return try call { () throws(SystemError) in try place.handle(name) }
        }
    }

    private func refused(_ refusal: GenerationError.Refusal) -> GenerationError {
        .refused(directory: wanted, refusal)
    }

    private func failed(_ error: SystemError) -> GenerationError {
        .system(error, directory: wanted)
    }

    private func call<Value: ~Copyable>(_ body: () throws(SystemError) -> Value) throws(GenerationError) -> Value {
        do {
            return try body()
        } catch {
            throw failed(error)
        }
    }
}

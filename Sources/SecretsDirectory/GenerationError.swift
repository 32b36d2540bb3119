import Glibc
package import LinuxSystem
package import Messages

/// Why files were not delivered. What was delivered before is kept.
package enum GenerationError: Error, Equatable, Sendable {
    /// A directory may not be used.
    case refused(directory: String, Refusal)
    /// Another instance has the directory; its PID where it is known.
    case busy(directory: String, pid: Int32?)
    /// No candidate can be used: each with the reason.
    case unavailable([Attempt])
    /// A write failed.
    case write(SystemError, directory: String, space: Space)
    /// The system refused a resource or a right.
    case system(SystemError, directory: String)
    /// A path that is not valid in the secrets directory.
    case path(String, PathFault)

    /// Why a directory may not be used.
    package enum Refusal: Equatable, Sendable {
        /// The file system's name.
        case notMemory(String)
        /// A symbolic link that root did not put into a directory of root's.
        case link(String)
        /// Owned by this user instead of that one.
        case owner(UInt32, expected: UInt32)
        /// A directory on the way that others can write: its path, mode and owner.
        case writable(String, mode: UInt32, owner: UInt32)
        /// A directory on the way that belongs to somebody else.
        case wayOwner(String, UInt32)
        case notDirectory(String)
        /// A foreign entry has a name that Latchkey needs.
        case inTheWay(String)
        /// The user of `--user` can't reach it.
        case unreachable(UInt32, SystemError)
        case forbidden(SystemError)
    }

    /// A candidate for the instance's directory that was tried.
    package struct Attempt: Equatable, Sendable {
        package let path: String
        package let reason: String
    }

    /// What a write needed and what was free.
    package struct Space: Equatable, Sendable {
        package var neededBytes: UInt64
        package var neededFiles: UInt64
        package var freeBytes: UInt64?
        package var freeFiles: UInt64?
    }

    /// Why a path is not valid in the secrets directory.
    package enum PathFault: Equatable, Sendable {
        case form(RelativePath.Fault)
        /// Names that begin with two dots are Latchkey's own.
        case reserved
        case twice
        /// It is a file, and another file needs it as a directory.
        case fileAndDirectory
    }

    /// Converts the error of a system call in a directory: a shortage, a refused right, or a failed write.
    static func failed(
        _ error: SystemError, in directory: borrowing Directory, _ path: String, bytes: Int = 0, files: Int = 1
    ) -> GenerationError {
        if error.isShortage || error.code == EPERM { return .system(error, directory: path) }
        let fileSystem = try? directory.descriptor.fileSystem()
        let space = Space(
            neededBytes: UInt64(bytes), neededFiles: UInt64(files), freeBytes: fileSystem?.freeBytes,
            freeFiles: fileSystem?.freeFiles)
        return .write(error, directory: path, space: space)
    }

    /// Whether another candidate may be tried after this error.
    var isPassedOver: Bool {
        switch self {
        case .refused(_, .notMemory), .refused(_, .unreachable), .refused(_, .forbidden): true
        case .system(let error, _), .write(let error, _, _): !error.isShortage
        default: false
        }
    }
}

extension SystemError {
    /// Too many descriptors or too little memory: no other directory helps.
    var isShortage: Bool { code == EMFILE || code == ENFILE || code == ENOMEM }
}

extension GenerationError {
    /// The error as a warning, for a run that delivers no files and goes on without a directory.
    package var warning: Diagnosis {
        Diagnosis(
            .directoryUnavailable, exit: .success, "going on without a directory: \(diagnosis.text)",
            hint: "'latchkey status' and 'latchkey refresh' can't find this run")
    }

    /// Whether a run that delivers no files goes on after this error. It does not if an instance with its name runs.
    package var isBearableWithoutFiles: Bool {
        switch self {
        case .busy: false
        case .system(let error, _): !error.isShortage
        default: true
        }
    }
}

extension GenerationError: DiagnosableError {
    package var diagnosis: Diagnosis {
        switch self {
        case .refused(let directory, let refusal):
            let (words, hint) = refusal.words
            return Diagnosis(
                .directoryRefused, exit: .cannotCreate, "secrets directory '\(directory)': \(words)", hint: hint)
        case .busy(let directory, let pid):
            let who = pid.map { "the instance with PID \($0)" } ?? "another instance"
            return Diagnosis(
                .directoryBusy, exit: .cannotCreate, "secrets directory '\(directory)' is in use by \(who)",
                hint: "stop it first, or name another '--instance' or '--directory'")
        case .unavailable(let attempts):
            let tried = attempts.map { "'\($0.path)' \($0.reason)" }.joined(separator: "; ")
            return Diagnosis(
                .directoryRefused, exit: .cannotCreate, "no secrets directory can be had: \(tried)",
                hint: "mount a tmpfs and name it with '--directory', or accept a disk with '--allow-disk'")
        case .write(let error, let directory, let space):
            return Self.writing(error, directory, space)
        case .system(let error, let directory):
            return Diagnosis(
                .systemRefused, exit: .system, "secrets directory '\(directory)': \(error)", hint: Self.hint(for: error)
            )
        case .path(let path, let fault):
            return Diagnosis(
                .configurationValue, exit: .configuration, "file '\(path)': \(fault.words)",
                hint: "name files relative to the secrets directory: 'tls/server.pem'")
        }
    }

    private static func writing(_ error: SystemError, _ directory: String, _ space: Space) -> Diagnosis {
        var text = "secrets directory '\(directory)': \(error)"
        var hint: String?
        switch error.code {
        case ENOSPC, EDQUOT:
            let bytes = space.freeBytes.map { "\($0) free" } ?? "no limit"
            let files = space.freeFiles.map { "\($0) free" } ?? "no limit"
            text += "; needs \(space.neededBytes) bytes (\(bytes)) and \(space.neededFiles) files (\(files))"
            hint = "enlarge it: 'mount -o remount,size=…,nr_inodes=…', or sizeLimit of a Kubernetes memory volume"
        case EROFS:
            hint = "mount it writable, or name a tmpfs with '--directory'"
        default:
            break
        }
        return Diagnosis(.directoryWrite, exit: .inputOutput, text, hint: hint)
    }

    private static func hint(for error: SystemError) -> String? {
        switch error.code {
        case EMFILE: "raise the limit of open files: 'ulimit -n', LimitNOFILE="
        case EPERM: "run as root, or leave '--user' out; for '--group' be a member of the group"
        default: nil
        }
    }
}

extension GenerationError.Refusal {
    fileprivate var words: (String, String?) {
        switch self {
        case .notMemory(let name):
            (
                "is on \(name), which is neither tmpfs nor ramfs",
                "name a directory on a tmpfs, or accept a disk with '--allow-disk'"
            )
        case .link(let path):
            ("'\(path)' is a symbolic link", "name the directory that it leads to")
        case .owner(let owner, let expected):
            ("belongs to user \(owner) and not to user \(expected)", "remove it, or run as its owner")
        case .writable(let path, let mode, let owner):
            (
                "'\(path)' can be written by others (mode \(octal(mode)), user \(owner))",
                "take the right away: 'chmod go-w \(path)'"
            )
        case .wayOwner(let path, let owner):
            ("'\(path)' belongs to user \(owner), who can exchange what is in it", "name another directory")
        case .notDirectory(let path):
            ("'\(path)' is no directory", nil)
        case .inTheWay(let name):
            (
                "'\(name)' is in the way and was not written by latchkey",
                "move it away, or deliver under another name"
            )
        case .unreachable(let user, let error):
            ("user \(user) can't reach it: \(error)", "name a directory below ones that the user may search")
        case .forbidden(let error):
            ("\(error)", "let the user of this run write there")
        }
    }
}

extension GenerationError.PathFault {
    fileprivate var words: String {
        switch self {
        case .form(.empty): "the name is empty"
        case .form(.absolute): "the path is absolute"
        case .form(.null): "the name has a NUL byte"
        case .form(.emptyComponent): "the path has an empty component"
        case .form(.dots): "the path has a component '.' or '..'"
        case .form(.componentTooLong(let count)): "a name of \(count) bytes; 255 is the most"
        case .form(.tooLong(let count)): "a path of \(count) bytes; 3072 is the most"
        case .reserved: "names that begin with '..' are latchkey's own"
        case .twice: "two files have this path"
        case .fileAndDirectory: "it is a file, and the directory of another file"
        }
    }
}

func octal(_ mode: UInt32) -> String {
    let text = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - text.count)) + text
}

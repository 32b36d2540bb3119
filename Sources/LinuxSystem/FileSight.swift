import Glibc

/// The files that some paths led to when the process restricted its access to files, to find out what has changed
/// since.
package struct FileSight: Sendable {
    private struct File: Equatable {
        var device: UInt64
        var number: UInt64
    }

    private let files: [(path: String, file: File?)]

    /// Looks at the paths, through links.
    package init(_ paths: [String]) {
        files = paths.map { ($0, Self.file($0)) }
    }

    /// Whether one of the paths now leads to another file, which this process may not open.
    ///
    /// A file that existed then and can't be opened does not count: another process could not open it either.
    package var seesNewlyDenied: Bool {
        files.contains { path, file in
            guard let present = Self.file(path), present != file else { return false }
            let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
            if number >= 0 { close(number) }
            return number == -1 && errno == EACCES
        }
    }

    private static func file(_ path: String) -> File? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return File(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    }
}

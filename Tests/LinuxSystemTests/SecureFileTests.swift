import Glibc
import LinuxSystem
import Testing

/// A directory of its own for one test, removed at the end.
private final class Folder {
    let path: String

    init() throws {
        path = "/tmp/latchkey-secure-file-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        try #require(unsafe mkdir(path, 0o700) == 0)
    }

    deinit {
        for name in ["key", "link", "pipe", "sub"] {
            _ = unsafe unlink("\(path)/\(name)")
            _ = unsafe rmdir("\(path)/\(name)")
        }
        _ = unsafe rmdir(path)
    }

    func write(_ name: String, _ text: String, mode: mode_t = 0o400) throws {
        let number = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try #require(number >= 0)
        let file = OwnedDescriptor(owning: number)
        let bytes = Array(text.utf8)
        try writeAll(bytes.span, to: file.number)
        try #require(fchmod(file.number, mode) == 0)
    }
}

private func content(of file: borrowing SecureFile) throws -> String {
    var bytes = [UInt8](repeating: 0, count: 64)
    var span = bytes.mutableSpan
    let count = try file.read(into: &span)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
}

private func code(_ body: () throws -> Void) -> CInt? {
    do {
        try body()
        return nil
    } catch {
        return (error as? SystemError)?.code
    }
}

@Test func `a file tells its size, owner, mode and content`() throws {
    let folder = try Folder()
    try folder.write("key", "synthetic")
    let file = try SecureFile.open(named: "key", in: folder.path)
    #expect((file.size, file.mode, file.owner) == (9, 0o400, geteuid()))
    #expect(try content(of: file) == "synthetic")
    #expect(try content(of: file) == "synthetic")
}

@Test func `a link is followed only where that is wanted`() throws {
    let folder = try Folder()
    try folder.write("key", "synthetic")
    try #require(unsafe symlink("key", "\(folder.path)/link") == 0)
    #expect(try content(of: SecureFile.open("\(folder.path)/link")) == "synthetic")
    #expect(code { _ = try SecureFile.open(named: "link", in: folder.path) } == ELOOP)
}

@Test func `a directory that is a link is refused`() throws {
    let folder = try Folder()
    try folder.write("key", "synthetic")
    let other = try Folder()
    try #require(unsafe symlink(folder.path, "\(other.path)/link") == 0)
    #expect(code { _ = try SecureFile.open(named: "key", in: "\(other.path)/link") } == ENOTDIR)
}

@Test(arguments: [0o420, 0o602, 0o666] as [mode_t])
func `a file that others can write is refused`(mode: mode_t) throws {
    let folder = try Folder()
    try folder.write("key", "synthetic", mode: mode)
    #expect(code { _ = try SecureFile.open(named: "key", in: folder.path) } == EPERM)
}

@Test func `a directory that others can write is refused`() throws {
    let folder = try Folder()
    try folder.write("key", "synthetic")
    try #require(unsafe chmod(folder.path, 0o777) == 0)
    #expect(code { _ = try SecureFile.open(named: "key", in: folder.path) } == EPERM)
}

@Test(.enabled(if: geteuid() == 0, "needs root, to give files away"))
func `a file of another user than root and the directory's is refused`() throws {
    let folder = try Folder()
    try folder.write("key", "synthetic")
    try #require(unsafe chown("\(folder.path)/key", 12345, 12345) == 0)
    #expect(code { _ = try SecureFile.open(named: "key", in: folder.path) } == EPERM)
    try #require(unsafe chown(folder.path, 12345, 12345) == 0)
    let file = try SecureFile.open(named: "key", in: folder.path)
    #expect(file.owner == 12345)
}

@Test func `a pipe is refused and not waited for`() throws {
    let folder = try Folder()
    try #require(unsafe mkfifo("\(folder.path)/pipe", 0o600) == 0)
    #expect(code { _ = try SecureFile.open("\(folder.path)/pipe") } == EINVAL)
}

@Test func `a directory and a missing file are told apart`() throws {
    let folder = try Folder()
    #expect(code { _ = try SecureFile.open(folder.path) } == EISDIR)
    #expect(code { _ = try SecureFile.open("\(folder.path)/none") } == ENOENT)
    #expect(SecureFile.exists(folder.path))
    #expect(!SecureFile.exists("\(folder.path)/none"))
}

@Test func `a reading of the local clock is a moment`() throws {
    let noon = try #require(secondsSince1970(localYear: 2030, month: 6, day: 15, hour: 12, minute: 0, second: 0))
    let next = try #require(secondsSince1970(localYear: 2030, month: 6, day: 15, hour: 13, minute: 0, second: 0))
    #expect(next - noon == 3600)
    #expect(abs(noon - 1_907_755_200) <= 14 * 3600)
}

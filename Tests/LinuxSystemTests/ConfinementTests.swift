import Glibc
import LinuxSystem
import Testing

/// What a confined process can't do any more; each in a process of its own, which says by its exit code how it went.
struct ConfinementTests {
    @Test func `calls that reach into other processes or change the machine are refused, and the others work`() async {
        await #expect(processExitsWith: .success) { exit(Confined.calls()) }
    }

    @Test(.enabled(if: Confinement.canRestrictFiles, "the kernel has no Landlock, or none that allows renames"))
    func `files are read and changed where that was allowed, and nowhere else`() async {
        await #expect(processExitsWith: .success) { exit(Confined.files()) }
    }
}

/// What a process confines itself to, and what it finds then; 0, or which step was not as it should be.
private enum Confined {
    static func calls() -> CInt {
        let confinement = Confinement.begin()
        guard confinement.callsProblem == nil else { return 2 }
        var now = timeval()
        guard unsafe gettimeofday(&now, nil) == 0, unsafe isRefused(settimeofday(&now, nil)),
            unsafe isRefused(chroot("/")), isRefused(acct(nil)), unsafe isRefused(umount("/nowhere")),
            unsafe isRefused(sethostname("", 0))
        else { return 3 }
        // A list of calls with the same answer everywhere would not be a filter.
        let (stream, raw) = (CInt(SOCK_STREAM.rawValue), CInt(SOCK_RAW.rawValue))
        guard socket(AF_INET, stream, 0) >= 0, socket(AF_UNIX, stream, 0) >= 0, socket(AF_PACKET, raw, 0) == -1,
            errno == EAFNOSUPPORT
        else { return 4 }
        var thread = pthread_t()
        guard unsafe pthread_create(&thread, nil, { _ in nil }, nil) == 0, pthread_join(thread, nil) == 0 else {
            return 5
        }
        // Programs, as with azure-cli; but no namespaces, by either of the calls that make them.
        guard (try? code(of: "exit 7")) == 7,
            (try? code(of: "unshare -U true || unshare -r -f true || exit 8")) == 8
        else { return 6 }
        // `--user` delivers with another's rights to files.
        return (try? changeIdentity()) != nil ? 0 : 7
    }

    static func files() -> CInt {
        let confinement = Confinement.begin()
        var pattern = Array("/tmp/latchkey-rights-XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&pattern) else { return 2 }
        let path = unsafe String(cString: made)
        let own = "\(path)/own"
        let other = "\(path)/other"
        for name in [own, own + "/below", other] { _ = unsafe mkdir(name, 0o700) }
        guard canWrite(other + "/file"), canWrite(other + "/named") else { return 3 }
        let directory = unsafe open(own, O_RDONLY | O_DIRECTORY)
        do throws(SystemError) {
            try confinement.restrictFiles(
                readable: ["/etc", "/nowhere", other + "/named"], changeable: [directory])
        } catch {
            return 4
        }
        guard canWrite(own + "/file"), unsafe rename(own + "/file", own + "/below/file") == 0,
            unsafe symlink("below/file", own + "/link") == 0, canRead(own + "/link"),
            unsafe unlink(own + "/link") == 0, canRead("/etc/passwd"), canRead(other + "/named")
        else { return 5 }
        guard !canWrite(other + "/new"), errno == EACCES, !canWrite(other + "/named"), !canRead(other + "/file"),
            unsafe unlink(other + "/file") == -1, unsafe mkdir(path + "/new", 0o700) == -1,
            unsafe rename(own + "/below/file", other + "/file") == -1, !canRead("/proc/1/environ")
        else { return 6 }
        return 0
    }

    private static func isRefused(_ result: CInt) -> Bool { result == -1 && errno == EPERM }

    private static func canWrite(_ path: String) -> Bool {
        let number = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        return number >= 0 && close(number) == 0
    }

    private static func canRead(_ path: String) -> Bool {
        let number = unsafe open(path, O_RDONLY)
        return number >= 0 && close(number) == 0
    }

    private static func changeIdentity() throws(SystemError) {
        var other = try UserIdentity.current()
        if geteuid() == 0 { other = UserIdentity(user: 65534, group: 65534, groups: []) }
        try other.perform(refused: { $0 }) { () throws(SystemError) in }
    }

    private static func code(of line: String) throws -> CInt? {
        let output = try MemoryFile.create(name: "output")
        let errors = try MemoryFile.create(name: "errors")
        let change = try CapturedRun.run(
            ["/bin/sh", "-c", line].map { Array($0.utf8) }, environment: [Array("PATH=/usr/bin:/bin".utf8)],
            limit: .seconds(60), output: output, errors: errors)
        guard case .exited(let code) = change else { return nil }
        return code
    }
}

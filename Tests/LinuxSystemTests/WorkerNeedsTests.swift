import Foundation
import Glibc
import LinuxSystem
import Testing

/// What a worker can't do once its plan is told: the rows of the threat model's table, each tried as somebody would who
/// has taken the process over.
struct WorkerNeedsTests {
    @Test func `what the plan does not need is refused, and what it needs works`() async {
        await #expect(processExitsWith: .success) { exit(TakenOver.tryAllAlone(startsProgram: false)) }
    }

    @Test func `a worker that starts a program can do so, and has no other capabilities`() async {
        await #expect(processExitsWith: .success) { exit(TakenOver.tryAllAlone(startsProgram: true)) }
    }

    @Test func `the threat model has these rows`() throws {
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let page = try String(
            contentsOfFile: root + "/Sources/latchkey-worker/Documentation.docc/ThreatModel.md", encoding: .utf8)
        for what in TakenOver.rows.map(\.what) { #expect(page.contains("| \(what) |")) }
    }
}

private enum TakenOver {
    struct Row: Sendable {
        let what: String
        let refusal: CInt
        /// The errno value that the attempt ends with; 0 where it works.
        let attempt: @Sendable (_ file: CInt) -> CInt

        init(_ what: String, _ refusal: CInt = EPERM, _ attempt: @escaping @Sendable (CInt) -> CInt) {
            self.what = what
            self.refusal = refusal
            self.attempt = attempt
        }
    }

    static let rows = [
        Row("change the mode of a name") { _ in code(unsafe chmod("/dev/null", 0o666)) },
        Row("give an open file another mode than those that are delivered") { code(fchmod($0, 0o666)) },
        Row("change the owner of a name") { _ in code(unsafe chown("/dev/null", 0, 0)) },
        Row("give an open file to another owner than the one who is delivered to") { code(fchown($0, 4711, 4711)) },
        Row("set extended attributes, access lists among them") { file in
            // No such name: without the filter the answer is another one.
            code(unsafe named("fsetxattr", as: SetAttribute.self)?(file, "user.x", "", 0, 0) ?? 0)
        },
        Row("make a hard link") { _ in code(unsafe link("/dev/null", "/dev/null")) },
        Row("start a program, one in memory among them") { file in
            var words: [UnsafeMutablePointer<CChar>?] = unsafe [nil]
            var entries: [UnsafeMutablePointer<CChar>?] = unsafe [nil]
            let byName = unsafe code(execv("/nowhere/true", &words))
            let byFile = unsafe code(named("fexecve", as: Execute.self)?(file, &words, &entries) ?? 0)
            return byName == byFile ? byName : 0
        },
        Row("start a process") { _ in
            let process = named("fork", as: Fork.self)?() ?? 0
            if process == 0 { _exit(0) }
            return code(process)
        },
        Row("signal another process") { _ in code(kill(getppid(), 0)) },
        Row("connect to local sockets", EAFNOSUPPORT) { _ in code(socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)) },
        Row("send packets of its own making") { _ in code(socket(AF_INET, CInt(SOCK_RAW.rawValue), 1)) },
        Row("become another user") { _ in code(setuid(4711)) },
        Row("take another user's rights to files") { _ in
            guard let set = named("setfsuid", as: SetUser.self) else { return 0 }
            // It returns who it was, or -1 where it is denied.
            let before = set(4711)
            return before == -1 ? errno : 0
        },
    ]

    private typealias SetAttribute =
        @convention(c) (CInt, UnsafePointer<CChar>, UnsafePointer<CChar>, Int, CInt) -> CInt
    private typealias Execute =
        @convention(c) (
            CInt, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
        ) -> CInt
    private typealias SetUser = @convention(c) (UInt32) -> CInt
    private typealias Fork = @convention(c) () -> CInt

    /// A function that Swift does not import.
    private static func named<Function>(_ name: String, as type: Function.Type) -> Function? {
        unsafe dlsym(nil, name).map { unsafe unsafeBitCast($0, to: type) }
    }

    private static func code(_ result: CInt) -> CInt { result == -1 ? errno : 0 }

    /// `tryAll` in a process with one thread, as a worker is. An exit test has several: capabilities and filters are a
    /// thread's own, and glibc aborts where `setuid` succeeds in some of them only.
    static func tryAllAlone(startsProgram: Bool) -> CInt {
        let process = named("fork", as: Fork.self)?() ?? -1
        if process == 0 { _exit(tryAll(startsProgram: startsProgram)) }
        var status: CInt = 0
        // 8: a signal has ended it.
        guard unsafe waitpid(process, &status, 0) == process, status & 0x7F == 0 else { return 8 }
        return status >> 8
    }

    /// 0; 2 to 5: what should work does not, or can't be tried; from 10 on, the place of the row that was not refused.
    private static func tryAll(startsProgram: Bool) -> CInt {
        guard Confinement.begin().callsProblem == nil else { return 2 }
        guard let file = try? MemoryFile.create(name: "program") else { return 3 }
        var needs = WorkerNeeds(user: geteuid(), group: getegid())
        needs.modes = [0o400, 0o750]
        needs.capabilities = [.readEverything]
        needs.startsProgram = startsProgram
        guard (try? Confinement.keepOnly(needs)) != nil else { return 4 }
        guard hasOnlyReading else { return 5 }
        let number = file.number
        if startsProgram { return unsafe system("exit 0") == 0 ? 0 : 6 }
        for (index, row) in rows.enumerated() where row.attempt(number) != row.refusal { return 10 + CInt(index) }
        return works(number) ? 0 : 7
    }

    private static func works(_ file: CInt) -> Bool {
        var thread = pthread_t()
        guard unsafe pthread_create(&thread, nil, { _ in nil }, nil) == 0, pthread_join(thread, nil) == 0 else {
            return false
        }
        return fchmod(file, 0o750) == 0 && fchown(file, geteuid(), getegid()) == 0 && kill(getpid(), 0) == 0
            && socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0) >= 0
    }

    /// CAP_DAC_READ_SEARCH (capabilities(7)), or none at all.
    private static var hasOnlyReading: Bool {
        ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"].allSatisfy { set in
            guard let text = ProcessFiles.statusLine(set, of: getpid()), let bits = UInt64(text, radix: 16) else {
                return false
            }
            return bits & ~(1 << 2) == 0
        }
    }
}

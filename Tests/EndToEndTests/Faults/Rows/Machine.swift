import Foundation
import Testing

extension FaultGroup {
    private static func streams(_ what: String, _ shell: String) -> Fault {
        Fault(
            what: what, how: "`\(shell)`", shell: "\(shell); exec \"$@\"", start: .runs, refresh: .passes)
    }

    private static func limited(
        _ what: String, _ shell: String, _ code: Int32, _ message: String, refresh: String = "the row below"
    ) -> Fault {
        Fault(
            what: what, how: "`\(shell)`", shell: "\(shell); exec \"$@\"", start: .ends(code, message),
            refresh: .untried(refresh), isLimit: true)
    }

    /// A limit of the running launcher, which its workers inherit.
    private static func limit(_ what: String, _ option: String, _ value: Int, _ message: String) -> Fault {
        Fault(
            what: what, how: "`prlimit` of the launcher", entry: "more = { secret = \"smtp\" }",
            begin: { harness in try set(option, "\(value)", of: harness.run.launch.pid) },
            end: { harness in try set(option, option == "nofile" ? "1024" : "unlimited", of: harness.run.launch.pid) },
            start: .untried("the row above"), refresh: .keeps(message), isLimit: true)
    }

    private static func set(_ option: String, _ value: String, of process: Int32) throws {
        let program = try #require(Programs.installed("prlimit"), "prlimit is not installed")
        // The soft limit alone, so that it can be raised again.
        let end = try Launch(program, ["--pid", "\(process)", "--\(option)=\(value):"]).end()
        #expect(end.ending == .code(0), "\(end.errors)")
    }

    static let streams = FaultGroup(
        title: "Standard streams",
        rows: [
            streams("a full device as standard error", "exec 2>/dev/full"),
            streams("standard error is closed", "exec 2>&-"),
            streams("standard input is closed", "exec <&-"),
            streams(
                "standard error is a pipe that nobody reads and that is full",
                "mkfifo full; exec 2<>full; dd if=/dev/zero bs=4096 count=16 of=full oflag=nonblock 2>/dev/null"),
        ])

    static let machine = FaultGroup(
        title: "Directories, instances and limits",
        rows: [
            Fault(
                what: "a directory on a disk", options: ["--directory", "/var/tmp/latchkey-fault"],
                start: .ends(73, "directory-refused"), refresh: .untried("it is chosen at the start")),
            Fault(
                what: "a user's link on the way to the directory",
                options: ["--directory", "/dev/shm/OWNFILE/secrets"],
                begin: { harness in
                    let link = "/dev/shm/" + harness.ownFile
                    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/dev/shm")
                    _ = unsafe lchown(link, 65_534, 65_534)
                }, end: { harness in try FileManager.default.removeItem(atPath: "/dev/shm/" + harness.ownFile) },
                start: .ends(73, "directory-refused"), refresh: .untried("it is chosen at the start")),
            Fault(
                what: "the directory of an instance that runs", options: ["--directory", "RUNNING/instance/secrets"],
                begin: { harness in _ = try harness.run },
                start: .ends(73, "directory-busy"), refresh: .untried("the instance that runs goes on")),
            limited(
                "eight descriptors", "ulimit -n 8", 71, "system-refused",
                refresh: "the log says it; a status can't be written then"),
            limited(
                "no byte can be written", "ulimit -f 0", 71, "system-refused",
                refresh: "the log says it; a status can't be written then"),
            limited("too little memory for a worker", "ulimit -v 20000", 70, "worker-crashed"),
            limit("too little memory for a worker", "as", 20_000_000, "worker-crashed"),
        ])

    private static func clock(_ what: String, _ offset: Int) -> Fault {
        Fault(
            what: what, how: "the emulator's `clock`",
            begin: { try $0.azure.control("POST", "clock", "{\"offset\":\(offset)}") },
            end: { try $0.azure.control("POST", "clock", "{\"offset\":0}") }, start: .runs, refresh: .passes)
    }

    static let clocks = FaultGroup(
        title: "Clocks",
        rows: [
            clock("Azure's clock ten years ahead", 315_360_000), clock("Azure's clock ten years behind", -315_360_000),
            Fault(
                what: "tokens that have expired when they come", how: "the emulator's `token-lifetime`",
                begin: { try $0.azure.control("POST", "identity", #"{"token-lifetime":-60}"#) },
                end: { try $0.azure.control("POST", "identity", #"{"token-lifetime":86400}"#) },
                start: .ends(77, "token-refused")),
        ])
}

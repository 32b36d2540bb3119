import Foundation
import Testing

/// Somebody was there first: the name of a user's directory in /dev/shm is taken.
@Suite(.enabled(if: ForeignUser.obstacle == nil, "\(ForeignUser.obstacle ?? "")"))
struct TakenNameTests {
    private static let attacker: uid_t = 65_533

    /// What stands in the way.
    enum Thing: String, CaseIterable {
        case directory, writableDirectory, stickyDirectory, file, link
    }

    private func make(_ thing: Thing, at path: String) throws {
        let files = FileManager.default
        switch thing {
        case .directory: try files.createDirectory(atPath: path, withIntermediateDirectories: false)
        case .writableDirectory, .stickyDirectory:
            try files.createDirectory(atPath: path, withIntermediateDirectories: false)
            unsafe chmod(path, thing == .stickyDirectory ? 0o1777 : 0o777)
        case .file: try "".write(toFile: path, atomically: false, encoding: .utf8)
        case .link: try files.createSymbolicLink(atPath: path, withDestinationPath: "/tmp")
        }
        unsafe lchown(path, Self.attacker, Self.attacker)
    }

    @Test(arguments: Thing.allCases)
    func `another user's directory under the name keeps nobody from starting, and status finds the run`(
        thing: Thing
    ) throws {
        try Emulator.serving { azure in
            let user = Int.random(in: 1_000_000...2_000_000)
            let usual = "/dev/shm/latchkey-\(user)"
            try make(thing, at: usual)
            defer {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? []
                for name in names where name.hasPrefix("latchkey-\(user)") {
                    try? FileManager.default.removeItem(atPath: "/dev/shm/" + name)
                }
            }
            let stage = try ForeignUser(user, azure)
            var places: [String] = []
            for _ in 0..<2 {
                let launch = try stage.start(
                    "run",
                    ["-f", "database=db-password", "--instance", "taken", "--"]
                        + ["/bin/sh", "-c", "echo \"$LATCHKEY_SECRETS\"; exec \"$0\" sleep", stage.probe],
                    environment: ["RUNTIME_DIRECTORY": ""])
                try launch.expect(line: "ready")
                let place = try #require(launch.output.lines.first)
                #expect(place.hasPrefix(usual + ".") && place.hasSuffix("/taken/secrets"))
                places.append(place)
                let status = try Launch(
                    try #require(Programs.installed("setpriv")),
                    ForeignUser.becoming(user) + [stage.scratch.path + "/latchkey", "status", "--instance", "taken"]
                ).end()
                #expect(status.ending == .code(0), "\(status.errors)")
                try launch.end(SIGTERM)
            }
            #expect(places[0] == places[1], "the user's own is used again")
        }
    }
}

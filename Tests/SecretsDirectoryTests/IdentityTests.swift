import Foundation
import LinuxSystem
import Messages
import SecretsDirectory
import Testing

@Suite(.enabled(if: isRoot, needsRoot)) struct IdentityTests {
    @Test(arguments: RunDirectory.allCases)
    func `with a user, files are the user's and the instance's directory stays root's`(run: RunDirectory) throws {
        let ended = try Tool.runInNamespace(
            run,
            """
            $ROTATE deliver - a 3 9 user=4711 group=4712 instance=web && cd \(run.instances)/web || exit 1
            stat -c '%n %u' . lock secrets secrets/..data secrets/file-0 secrets/..data/file-0
            stat -c '%g' secrets/..data/file-0
            $ROTATE remove - user=4711 group=4712 instance=web && ls \(run.instances)
            """)
        let owners = "secrets 4711\nsecrets/..data 4711\nsecrets/file-0 4711\nsecrets/..data/file-0 4711\n4712\n"
        #expect(ended.output == "written\n. 0\nlock 0\n\(owners)", "\(ended.errors)")
        #expect(ended.code == 0, "\(ended.errors)")
    }

    @Test func `a directory that the user can't reach is refused where it was named`() throws {
        let place = try TestPlace()
        setMode(place.path, 0o700)
        let named = try Tool.run(
            Tool.rotate, ["deliver", place.path + "/secrets", "a", "3", "9", "user=4711"],
            environment: ["RUNTIME_DIRECTORY": place.path + "/instance"])
        #expect(named.code == 73)
        #expect(named.errors.contains("user 4711 can't reach it"), "\(named.errors)")
    }

    @Test(arguments: RunDirectory.allCases)
    func `a place that the user can't reach is passed over`(run: RunDirectory) throws {
        let ended = try Tool.runInNamespace(
            run,
            """
            chmod 700 \(run == .memory ? "/run" : "/mnt/user") || exit 1
            $ROTATE deliver - a 3 9 user=4711 instance=web || exit 1
            find /run/latchkey /mnt/user /dev/shm -name file-0
            """)
        let place = run == .memory ? "/mnt/user/latchkey" : "/dev/shm/latchkey-0"
        let files = ended.output.split(separator: "\n").dropFirst()
        #expect(!files.isEmpty && files.allSatisfy { $0.hasPrefix("\(place)/web/secrets/") }, "\(ended)")
    }

    @Test func `root does not write into a directory of the user's`() throws {
        let place = try TestPlace()
        try place.makeDirectory("home", 0o755, owner: 4711)
        let run = try Tool.run(
            Tool.rotate, ["deliver", place.path + "/home/deep/secrets", "a", "3", "9", "user=4711"],
            environment: ["RUNTIME_DIRECTORY": place.path + "/instance"])
        #expect(run.code == 0, "\(run.errors)")
        let owners = place.listing("home").map { status(at: "\(place.path)/home/\($0)")?.st_uid }
        #expect(owners.count > 5 && owners.allSatisfy { $0 == 4711 })
    }

    @Test func `a group may read, and the user need not be its member`() throws {
        let place = try TestPlace()
        let run = try Tool.run(
            Tool.rotate, ["deliver", place.path + "/secrets", "a", "3", "9", "user=4711", "shared-group=4800"],
            environment: ["RUNTIME_DIRECTORY": place.path + "/instance"])
        #expect(run.code == 0, "\(run.errors)")
        for (name, mode) in [
            ("secrets", 0o750), ("secrets/..data/deep", 0o750), ("secrets/..data/file-0", 0o440),
            ("secrets/..data/deep/file-1", 0o440),
        ] as [(String, UInt32)] {
            #expect(try place.mode(name) == mode)
            #expect(status(at: "\(place.path)/\(name)")?.st_gid == 4800)
            #expect(status(at: "\(place.path)/\(name)")?.st_uid == 4711)
        }
    }

    @Test func `the thread's identity is as before, whatever happened meanwhile`() throws {
        let before = try UserIdentity.current()
        let other = UserIdentity(user: 4711, group: 4712, groups: [4713, 4714])
        let during = try other.perform(refused: { $0 }) { () throws(SystemError) in try UserIdentity.current() }
        #expect(during == other)
        #expect(try UserIdentity.current() == before)
        let place = try TestPlace()
        setMode(place.path, 0o700)
        let handle = unsafe open(place.path, O_RDONLY)
        let directory = Directory(owning: OwnedDescriptor(owning: handle), path: place.path)
        let error = #expect(throws: SystemError.self) {
            try other.perform(refused: { $0 }) { () throws(SystemError) in try directory.makeDirectory("mine") }
        }
        #expect(error?.code == EACCES)
        #expect(try UserIdentity.current() == before)
        try directory.makeDirectory("mine")
    }
}

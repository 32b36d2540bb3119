import Foundation
import Generations
import LinuxSystem
import Messages
import Testing

@Suite(.enabled(if: isRoot, needsRoot)) struct IdentityTests {
    @Test func `with a user, files are the user's and the instance's directory stays root's`() throws {
        let place = try TestPlace()
        let run = try Tool.run(
            Tool.rotate, ["deliver", "-", "a", "3", "9", "user=4711", "group=4712", "instance=web"],
            environment: ["XDG_RUNTIME_DIR": place.path])
        #expect(run.code == 0, "\(run.errors)")
        for (name, user) in [
            ("latchkey/web", 0), ("latchkey/web/lock", 0), ("latchkey/web/secrets", 4711),
            ("latchkey/web/secrets/..data", 4711),
            ("latchkey/web/secrets/file-0", 4711), ("latchkey/web/secrets/..data/file-0", 4711),
        ] as [(String, uid_t)] {
            #expect(status(at: "\(place.path)/\(name)")?.st_uid == user, "\(name)")
        }
        #expect(status(at: place.path + "/latchkey/web/secrets/..data/file-0")?.st_gid == 4712)
        let removed = try Tool.run(
            Tool.rotate, ["remove", "-", "user=4711", "group=4712", "instance=web"],
            environment: ["XDG_RUNTIME_DIR": place.path])
        #expect(removed.code == 0, "\(removed.errors)")
        #expect(place.top("latchkey").isEmpty)
    }

    @Test func `a place that the user can't reach is passed over, or refused where it was named`() throws {
        let place = try TestPlace()
        setMode(place.path, 0o700)
        let named = try Tool.run(
            Tool.rotate, ["deliver", place.path + "/secrets", "a", "3", "9", "user=4711"],
            environment: ["RUNTIME_DIRECTORY": place.path + "/instance"])
        #expect(named.code == 73)
        #expect(named.errors.contains("user 4711 can't reach it"), "\(named.errors)")
        let searched = try Tool.run(
            Tool.rotate, ["deliver", "-", "a", "3", "9", "user=4711", "instance=it-\(getpid())"],
            environment: ["XDG_RUNTIME_DIR": place.path])
        #expect(searched.code == 0, "\(searched.errors)")
        #expect(place.listing("latchkey").allSatisfy { !$0.contains("file-") })
        _ = try Tool.run(
            Tool.rotate, ["remove", "-", "user=4711", "instance=it-\(getpid())"], environment: [:])
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
        let before = try FileIdentity.current()
        let other = FileIdentity(user: 4711, group: 4712, groups: [4713, 4714])
        let during = try other.perform(refused: { $0 }) { () throws(SystemError) in try FileIdentity.current() }
        #expect(during == other)
        #expect(try FileIdentity.current() == before)
        let place = try TestPlace()
        setMode(place.path, 0o700)
        let handle = unsafe open(place.path, O_RDONLY)
        let directory = Directory(owning: OwnedDescriptor(owning: handle), path: place.path)
        let error = #expect(throws: SystemError.self) {
            try other.perform(refused: { $0 }) { () throws(SystemError) in try directory.makeDirectory("mine") }
        }
        #expect(error?.code == EACCES)
        #expect(try FileIdentity.current() == before)
        try directory.makeDirectory("mine")
    }
}

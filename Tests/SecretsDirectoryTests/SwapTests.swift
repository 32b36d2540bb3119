import Foundation
import LinuxSystem
import Messages
import SecretsDirectory
import Synchronization
import Testing

/// Somebody exchanges a directory while a generation is written: nothing happens outside the one that was opened.
@Suite struct SwapTests {
    private static let files = ["a", "deep/b", "deep/er/c"]

    /// Writes `files`, and does something when the bytes of the file at `index` are asked for.
    private func write(
        _ secrets: SecretsDirectory, mark: UInt8, at index: Int, _ exchange: () -> Void
    ) throws(GenerationError) -> SecretsDirectory.Outcome {
        var done = false
        var list: [GenerationFile] = []
        for path in Self.files { list.append(try GenerationFile(path: path, size: 3)) }
        return try secrets.write(list) { number, body throws(GenerationError) in
            if number == index, !done {
                done = true
                exchange()
            }
            try body([mark, mark, mark].span)
        }
    }

    /// What a user does in a directory of their own as soon as root has had one made there.
    private final class Swapper: @unchecked Sendable {
        private let isOver = Atomic(false)
        private let ended = DispatchSemaphore(value: 0)

        /// `sibling` gets the name `wanted`, whose bearer goes to `aside`.
        init(_ wanted: String, _ sibling: String, aside: String) {
            Thread.detachNewThread { [self] in
                while !isOver.load(ordering: .relaxed) {
                    guard unsafe rename(wanted, aside) == 0 else { continue }
                    _ = unsafe rename(sibling, wanted)
                    break
                }
                ended.signal()
            }
        }

        func stop() {
            isOver.store(true, ordering: .relaxed)
            ended.wait()
        }
    }

    @Test(.enabled(if: isRoot, needsRoot), arguments: ["secrets", "deep/secrets"])
    func `what takes the name of a directory that was just made in a user's own is not given to that user`(
        name: String
    ) throws {
        let place = try TestPlace()
        let owner = try DeliveryOwner(runAs: UserIdentity(user: 4711, group: 4711, groups: [4711]))
        for round in 0..<(isFull ? 2000 : 300) {
            let home = "home-\(round)"
            try place.makeDirectory(home, 0o755, owner: 4711)
            // Of root's, though it lies in the user's directory.
            let sibling = "\(place.path)/\(home)/sibling"
            try FileManager.default.createDirectory(
                atPath: sibling, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            let inode = try #require(status(at: sibling)).st_ino
            let first = name.split(separator: "/")[0]
            let swapper = Swapper("\(place.path)/\(home)/\(first)", sibling, aside: "\(place.path)/\(home)/aside")
            _ = try? place.take("\(home)/\(name)") { $0.owner = owner }
            swapper.stop()
            for path in [sibling, "\(place.path)/\(home)/\(first)"] {
                guard let now = status(at: path), now.st_ino == inode else { continue }
                #expect(now.st_uid == 0, "root's directory is the user's")
            }
        }
    }

    private func exchange(_ path: String, for target: String) {
        let files = FileManager.default
        #expect(throws: Never.self) {
            try files.moveItem(atPath: path, toPath: path + "-moved")
            try files.createSymbolicLink(atPath: path, withDestinationPath: target)
        }
    }

    @Test(arguments: files.indices)
    func `the secrets directory itself`(index: Int) throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        try place.makeDirectory("outside")
        #expect(
            try write(secrets, mark: 1, at: index) {
                exchange(place.path + "/secrets", for: place.path + "/outside")
            } == .written)
        #expect(place.top("outside").isEmpty)
        #expect(place.text("secrets-moved/a") == "\u{1}\u{1}\u{1}")
        #expect(place.text("secrets-moved/deep/er/c") == "\u{1}\u{1}\u{1}")
    }

    @Test(arguments: ["/..latchkey.part", "/..latchkey.part/deep", "/..latchkey.part/deep/er"], files.indices)
    func `a directory of the generation that is being written`(name: String, index: Int) throws {
        let place = try TestPlace()
        let secrets = try place.take().secrets
        _ = try write(secrets, mark: 1, at: 0) {}
        let current = try FileManager.default.destinationOfSymbolicLink(atPath: place.path + "/secrets/..data")
        try place.makeDirectory("outside/deep/er")
        try place.makeDirectory("outside/er")
        let outside = place.listing("outside")
        let modes = try outside.map { try place.mode("outside/\($0)") }
        // Where all files are written by then, into directories that are open, it may go well.
        let list = try Self.files.map { try GenerationFile(path: $0, size: 3) }
        var looks = 0
        let outcome = Result { () throws(GenerationError) in
            try secrets.write(list) { _, body throws(GenerationError) in
                // The first time it is what is delivered already that is compared.
                looks += 1
                if looks == index + 2 { exchange(place.path + "/secrets" + name, for: place.path + "/outside") }
                try body([2, 2, 2].span)
            }
        }
        #expect(place.listing("outside") == outside)
        #expect(try outside.map { try place.mode("outside/\($0)") } == modes)
        if case .failure = outcome {
            let now = try FileManager.default.destinationOfSymbolicLink(atPath: place.path + "/secrets/..data")
            #expect(now == current && place.text("secrets/deep/er/c") == "\u{1}\u{1}\u{1}")
        }
        // What is foreign in a half-written generation is not latchkey's to remove.
        if case .failure = outcome, place.top().contains("..latchkey.part") {
            let error = #expect(throws: GenerationError.self) { try write(secrets, mark: 3, at: 0) {} }
            #expect(error?.diagnosis.text.contains("'..latchkey.part' is in the way") == true)
            try FileManager.default.removeItem(atPath: place.path + "/secrets/..latchkey.part")
        }
        #expect(try write(secrets, mark: 3, at: 0) {} == .written)
        #expect(place.text("secrets/deep/er/c") == "\u{3}\u{3}\u{3}")
        #expect(place.listing("outside") == outside)
    }
}

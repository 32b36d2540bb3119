import Foundation
import Testing

/// `latchkey sync`: files that stay, and nothing that is not latchkey's own touched.
struct SyncTests {
    private static func sync(_ azure: Emulator, _ scratch: Scratch, _ files: String...) throws -> Outcome {
        let names = files.flatMap { ["-f", "\($0)=db-password"] }
        return try azure.start(
            ["sync", "--vault", azure.vault, "--ca-file", azure.authority] + names, in: scratch
        ).end()
    }

    /// Everything below the secrets directory: its kind, where it leads, and when and in which node it was written.
    private static func listing(_ scratch: Scratch) throws -> [String] {
        let secrets = scratch.path + "/instance/secrets"
        return try FileManager.default.subpathsOfDirectory(atPath: secrets).sorted().map { name in
            let facts = try FileManager.default.attributesOfItem(atPath: "\(secrets)/\(name)")
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(secrets)/\(name)")
            let words = [FileAttributeKey.systemFileNumber, .modificationDate, .posixPermissions, .size].map {
                "\(facts[$0] ?? "")"
            }
            return ([name, target ?? ""] + words).joined(separator: " ")
        }
    }

    @Test func `a second time it changes nothing, and a changed value is a new generation`() throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let first = try Self.sync(azure, scratch, "database", "deep/copy")
            #expect(first.ending == .code(0) && first.errors.contains("delivered"), "\(first.errors)")
            // Without who has it: that is written anew.
            func own() throws -> [String] { try Self.listing(scratch).filter { !$0.hasPrefix("..pid") } }
            let before = try own()
            #expect(before.count >= 6)
            for _ in 0..<2 {
                let again = try Self.sync(azure, scratch, "database", "deep/copy")
                #expect(again.ending == .code(0) && again.errors.contains("nothing changed"), "\(again.errors)")
                #expect(try own() == before)
            }
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            #expect(try Self.sync(azure, scratch, "database").ending == .code(0))
            let secrets = scratch.path + "/instance/secrets/"
            #expect(try String(contentsOfFile: secrets + "database", encoding: .utf8) == "c4n4ry-rotated")
            #expect(!FileManager.default.fileExists(atPath: secrets + "deep"), "what is asked for no more goes")
        }
    }

    @Test(arguments: [false, true])
    func `what is foreign stays, and where its name is needed the delivery is refused`(delivered: Bool) throws {
        try Emulator.serving { azure in
            let scratch = try Scratch()
            let secrets = scratch.path + "/instance/secrets"
            if delivered {
                #expect(try Self.sync(azure, scratch, "other").ending == .code(0))
            } else {
                try FileManager.default.createDirectory(
                    atPath: secrets, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
            _ = try scratch.write("mine", to: "instance/secrets/database")
            try FileManager.default.createSymbolicLink(
                atPath: secrets + "/link", withDestinationPath: scratch.path + "/elsewhere")
            let refused = try Self.sync(azure, scratch, "other", "database")
            #expect(refused.ending == .code(73), "\(refused.errors)")
            #expect(refused.errors.contains("'database' is in the way and was not written by latchkey"))
            let linked = try Self.sync(azure, scratch, "other", "link/database")
            #expect(linked.ending == .code(73) && linked.errors.contains("'link' is in the way"), "\(linked.errors)")
            #expect(FileManager.default.fileExists(atPath: secrets + "/other") == delivered)

            #expect(try Self.sync(azure, scratch, "other").ending == .code(0))
            #expect(try String(contentsOfFile: secrets + "/other", encoding: .utf8) == "c4n4ry-database")
            #expect(try String(contentsOfFile: secrets + "/database", encoding: .utf8) == "mine")
            #expect(!FileManager.default.fileExists(atPath: scratch.path + "/elsewhere"))
        }
    }
}

import LinuxSystem
import Messages
import Secrets
import Testing

@testable import Delivery

/// The child's environment, byte for byte.
struct EnvironmentBlockTests {
    /// Builds and writes a block; entries are given and returned without their NULs.
    private static func built(
        _ inherited: [String], _ delivered: [EnvironmentAssignment] = [], values: [[UInt8]] = [],
        change: (inout EnvironmentOptions) -> Void = { _ in }
    ) throws(DeliveryError) -> [[UInt8]] {
        var set = SecretSet()
        for value in values { _ = set.append(value.span) }
        return try built(inherited.flatMap { Array($0.utf8) + [0] }, delivered, set, change)
    }

    private static func built(
        _ inherited: [UInt8], _ delivered: [EnvironmentAssignment], _ set: borrowing SecretSet,
        _ change: (inout EnvironmentOptions) -> Void
    ) throws(DeliveryError) -> [[UInt8]] {
        var options = EnvironmentOptions()
        change(&options)
        let block = try EnvironmentBlock(
            inherited: inherited.span, delivering: delivered, from: set, options: options)
        do throws(SystemError) {
            let file = try MemoryFile.create(name: "block")
            let number = file.number
            do throws(DeliveryError) {
                try block.write(to: file, inherited: inherited.span, from: set)
            } catch {
                throw SystemError(call: "\(error)", code: 5)
            }
            let bytes = try MemoryFile.contents(of: number, limit: 64 << 20)
            #expect(bytes.count == block.size)
            let entries = bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
            #expect(entries.count == block.count)
            return entries
        } catch {
            throw .system(error)
        }
    }

    private static func text(
        _ name: String, _ value: String, _ origin: EnvironmentAssignment.Origin = .configuration
    ) -> EnvironmentAssignment {
        EnvironmentAssignment(name: name, value: .text(value), origin: origin, location: "place of \(value)")
    }

    /// A secret of these bytes as the variable, built alone.
    private static func secret(
        _ value: [UInt8], as name: String = "DB_PASSWORD", _ origin: EnvironmentAssignment.Origin = .configuration
    ) throws(DeliveryError) -> [[UInt8]] {
        var set = SecretSet()
        let slot = set.append(value.span)
        let assignment = EnvironmentAssignment(
            name: name, value: .secret(slot), origin: origin, location: "here", secret: "db-password", vault: "demo")
        return try built([UInt8](), [assignment], set) { _ in }
    }

    private static func failure(_ body: () throws(DeliveryError) -> [[UInt8]]) -> Diagnosis? {
        do throws(DeliveryError) {
            _ = try body()
            return nil
        } catch {
            return error.diagnosis
        }
    }

    private static func bytes(_ entries: [String]) -> [[UInt8]] { entries.map { Array($0.utf8) } }

    @Test func `what is inherited stays byte for byte and in its order, what is delivered takes its place`() throws {
        let inherited = ["Z=last", "DB_PASSWORD=old", "A=first", "noequals", "=empty", "A=again", "DB_PASSWORD=twice"]
        let entries = try Self.built(inherited, [Self.text("DB_PASSWORD", "new"), Self.text("MORE", "x=y")])
        #expect(
            entries
                == Self.bytes(["Z=last", "DB_PASSWORD=new", "A=first", "noequals", "=empty", "A=again", "MORE=x=y"]))
    }

    @Test func `bytes that are no UTF-8 are inherited as they are`() throws {
        let inherited: [UInt8] = [0x41, 0x3d, 0xff, 0xfe, 0, 0xc3, 0x3d, 0x62, 0]
        let entries = try Self.built(inherited, [], SecretSet()) { _ in }
        #expect(entries == [[0x41, 0x3d, 0xff, 0xfe], [0xc3, 0x3d, 0x62]])
    }

    @Test(
        arguments: [
            [], [10], Array("trailing\n".utf8), Array("a\r\nb\r\n".utf8), [0xef, 0xbb, 0xbf, 0x61], [0xff, 0xfe, 0x80],
            Array(repeating: 0x78, count: 25_600), Array("{{name}} ${HOME} --option akv://a/b".utf8),
        ] as [[UInt8]])
    func `a value is delivered byte for byte`(value: [UInt8]) throws {
        #expect(try Self.secret(value) == [Array("DB_PASSWORD=".utf8) + value])
    }

    @Test func `a value with a NUL byte is refused, with the secret's name and not its value`() throws {
        let failure = try #require(Self.failure { () throws(DeliveryError) in try Self.secret([0x63, 0x34, 0, 0x6e]) })
        #expect(failure.code == .valueNull && failure.exitCode == .data)
        #expect(failure.text.contains("'db-password'") && failure.text.contains("'demo'"))
    }

    /// The kernel's limit: 131,072 bytes with the NUL (execve(2), MAX_ARG_STRLEN).
    @Test func `a string may have 131,071 bytes and no more, and both sizes are named`() throws {
        let room = 131_071 - "DB_PASSWORD=".utf8.count
        #expect(try Self.secret(Array(repeating: 0x78, count: room)).first?.count == 131_071)
        let failure = try #require(
            Self.failure { () throws(DeliveryError) in try Self.secret(Array(repeating: 0x78, count: room + 1)) })
        #expect(failure.code == .valueSize && failure.exitCode == .data)
        #expect(failure.text.contains("131072 bytes") && failure.text.contains("131071"), "\(failure.text)")
    }

    @Test func `all of it has to fit this stack limit, and the largest secret is named`() throws {
        let failure = try #require(
            Self.failure { () throws(DeliveryError) in
                try Self.built([], (0..<20).map { Self.text("V\($0)", String(repeating: "x", count: 7000 + $0)) }) {
                    $0.limit = ExecLimit(stack: 0)
                }
            })
        #expect(failure.code == .environmentSize && failure.exitCode == .data)
        #expect(failure.text.contains("131072") && failure.text.contains("'V19'"), "\(failure.text)")
    }

    @Test func `configuration beats bulk, and two of one kind are refused with both places`() throws {
        let both = [Self.text("A", "named"), Self.text("A", "found", .bulk)]
        #expect(try Self.built([], both) == Self.bytes(["A=named"]))
        #expect(try Self.built([], both.reversed()) == Self.bytes(["A=named"]))
        for origin in [EnvironmentAssignment.Origin.configuration, .bulk] {
            let failure = try #require(
                Self.failure { () throws(DeliveryError) in
                    try Self.built([], [Self.text("A", "one", origin), Self.text("A", "two", origin)])
                })
            #expect(failure.code == .configurationDuplicate && failure.exitCode == .configuration)
            #expect(failure.text.contains("place of one") && failure.text.contains("place of two"))
        }
    }

    @Test func `identity variables go unless they are kept, and pristine leaves little`() throws {
        let inherited = [
            "PATH=/bin", "IDENTITY_HEADER=h", "IDENTITY_ENDPOINT=e", "MSI_SECRET=s", "AZURE_CLIENT_SECRET=c",
            "AZURE_CLIENT_ID=i", "AZURE_FEDERATED_TOKEN_FILE=f", "LC_ALL=C", "OTHER=o", "HOME=/root", "noequals",
        ]
        #expect(
            try Self.built(inherited)
                == Self.bytes(["PATH=/bin", "AZURE_CLIENT_ID=i", "LC_ALL=C", "OTHER=o", "HOME=/root", "noequals"]))
        #expect(try Self.built(inherited) { $0.keepsIdentity = true } == Self.bytes(inherited))
        #expect(
            try Self.built(inherited, [Self.text("A", "1")]) { $0.isPristine = true }
                == Self.bytes(["PATH=/bin", "LC_ALL=C", "HOME=/root", "A=1"]))
    }
}

import Foundation
import LatchkeyTestSupport
import Testing

/// How the programs are linked, as their headers say (elf(5)).
@Suite(.enabled(if: Programs.installed("readelf") != nil, "readelf is not installed"))
struct LinkageTests {
    private static let worker =
        URL(fileURLWithPath: Programs.latchkey).deletingLastPathComponent().path
        + "/latchkey-worker"

    private func headers(_ option: String, of program: String) throws -> [Substring] {
        let outcome = try ChildProcess.run(try #require(Programs.installed("readelf")), ["-W", option, program])
        try #require(outcome.ending == .code(0), "\(outcome.errors)")
        return outcome.output.split(separator: "\n")
    }

    @Test(arguments: [Programs.latchkey, worker])
    func `no memory is executable and writable, and the stack is not executable`(program: String) throws {
        let segments = try headers("--segments", of: program)
        // Type, offset, two addresses, two sizes, flags of up to three words, alignment.
        let flags = segments.compactMap { line -> (Substring, String)? in
            let words = line.split(separator: " ")
            guard words.count >= 8, words[1].hasPrefix("0x") else { return nil }
            return (words[0], words[6..<(words.count - 1)].joined())
        }
        #expect(flags.contains { $0.0 == "GNU_STACK" && $0.1 == "RW" }, "\(segments)")
        #expect(flags.contains { $0.0 == "GNU_RELRO" }, "\(segments)")
        #expect(flags.count { $0.0 == "LOAD" } >= 2, "\(segments)")
        #expect(flags.allSatisfy { !($0.1.contains("W") && $0.1.contains("E")) }, "\(segments)")
    }

    @Test func `the worker is position-independent, and all of its symbols are bound before it starts`() throws {
        let header = try headers("--file-header", of: Self.worker)
        #expect(header.contains { $0.contains("Type:") && $0.contains("DYN") }, "\(header)")
        let dynamic = try headers("--dynamic", of: Self.worker)
        #expect(dynamic.contains { $0.contains("(FLAGS)") && $0.contains("BIND_NOW") }, "\(dynamic)")
        #expect(dynamic.contains { $0.contains("(FLAGS_1)") && $0.contains("NOW") && $0.contains("PIE") }, "\(dynamic)")
        #expect(!dynamic.contains { $0.contains("(TEXTREL)") || $0.contains("(RPATH)") }, "\(dynamic)")
    }

    @Test(arguments: [Programs.latchkey, worker])
    func `nothing of Foundation is linked`(program: String) throws {
        let libraries = try headers("--dynamic", of: program).filter { $0.contains("(NEEDED)") }
        #expect(!libraries.contains { $0.contains("Foundation") || $0.contains("ICU") }, "\(libraries)")
        // Where it is part of the program: names of its symbols begin with the module's.
        let text = try Data(contentsOf: URL(fileURLWithPath: program), options: .alwaysMapped)
        for module in ["$s10Foundation", "$s20FoundationEssentials"] {
            #expect(text.range(of: Data(module.utf8)) == nil, "\(module)")
        }
    }

    @Test func `no source of the two programs imports anything but the package's targets and the C library`() throws {
        let root = URL(fileURLWithPath: #filePath).pathComponents.dropLast(3).joined(separator: "/").dropFirst()
        let sources = "\(root)/Sources"
        let standIns = [
            "AzureEmulator", "latchkey-emulator", "latchkey-sample-app", "latchkey-probe", "latchkey-stub-worker",
            "latchkey-rotate", "LatchkeyTestSupport",
        ]
        let targets = try FileManager.default.contentsOfDirectory(atPath: sources).filter { !standIns.contains($0) }
        #expect(targets.contains("latchkey-worker") && targets.contains("Messages"))
        var foreign: Set<String> = []
        for target in targets {
            let files =
                FileManager.default.enumerator(atPath: "\(sources)/\(target)")?.compactMap { $0 as? String } ?? []
            for file in files where file.hasSuffix(".swift") {
                let text = try String(contentsOfFile: "\(sources)/\(target)/\(file)", encoding: .utf8)
                for line in text.split(separator: "\n") {
                    let words = line.split(separator: " ")
                    guard let place = words.firstIndex(of: "import"), place < 2, words.count > place + 1 else {
                        continue
                    }
                    let module = String(words[place + 1])
                    if !targets.contains(module), module != "Glibc" { foreign.insert("\(target): \(module)") }
                }
            }
        }
        #expect(foreign.subtracting(["LaunchConfiguration: TOMLKit"]) == [], "\(foreign)")
    }

    @Test func `the worker's C is guarded against overwritten stacks`() throws {
        #expect(
            try headers("--dyn-syms", of: Self.worker).contains {
                $0.contains("UND") && $0.contains("__stack_chk_fail")
            })
    }
}

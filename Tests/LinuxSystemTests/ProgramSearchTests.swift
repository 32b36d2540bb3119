import Foundation
import LinuxSystem
import Testing

@Suite struct ProgramSearchTests {
    private final class Place {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.path + "/latchkey-search-\(UInt64.random(in: .min ... .max))"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        }

        func write(_ text: String, to name: String, mode: Int = 0o755) throws -> String {
            try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(path)/\(name)")
            return "\(path)/\(name)"
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func obstacle(_ name: String, path: String? = nil) -> ProgramSearch.Obstacle? {
        do throws(ProgramSearch.Obstacle) { _ = try ProgramSearch.find(name, path: path) } catch { return error }
        return nil
    }

    @Test func `a name is looked for in the directories of PATH, one with a slash is taken as it is`() throws {
        let place = try Place()
        let tool = try place.write("#!/bin/sh\n", to: "tool")
        #expect(try ProgramSearch.find("tool", path: "/nowhere:\(place.path)") == tool)
        #expect(try ProgramSearch.find(tool, path: "/nowhere") == tool)
        #expect(try ProgramSearch.find("sh", path: nil).hasSuffix("/sh"))
        #expect(obstacle("tool", path: "/nowhere") == .missing)
        #expect(obstacle("", path: place.path) == .missing)
        #expect(obstacle("\(tool)/below") == .missing)
    }

    @Test func `what can't be executed is passed over, and remembered where nothing else is found`() throws {
        let (first, second) = (try Place(), try Place())
        let data = try first.write("text", to: "tool", mode: 0o644)
        #expect(obstacle("tool", path: first.path) == .forbidden(data, lacksExecuteBit: true))
        #expect(obstacle(first.path) == .isDirectory(first.path))
        let tool = try second.write("#!/bin/sh\n", to: "tool")
        #expect(try ProgramSearch.find("tool", path: "\(first.path):\(second.path)") == tool)
    }

    @Test(arguments: [
        ("#!/nowhere/sh\n", "/nowhere/sh"), ("#!  /nowhere/env -S node\n", "/nowhere/env"),
        ("#!/bin/sh\r\necho\r\n", "/bin/sh\r"),
    ])
    func `an interpreter that is not there is named`(script: String, interpreter: String) throws {
        let place = try Place()
        let path = try place.write(script, to: "script")
        let found = obstacle(path)
        #expect(found == .interpreterMissing(path, interpreter: interpreter))
        #expect(found?.isNotFound == true)
    }

    @Test func `a program's loader is its interpreter`() throws {
        let place = try Place()
        var program = try Data(contentsOf: URL(fileURLWithPath: "/bin/true"))
        let loader = try #require(
            program.firstRange(of: Data("/lib64/ld".utf8)) ?? program.firstRange(of: Data("/lib/ld".utf8)))
        program.replaceSubrange(loader.lowerBound..<(loader.lowerBound + 4), with: Data("/nil".utf8))
        let path = try place.write("", to: "program")
        try program.write(to: URL(fileURLWithPath: path))
        guard case .interpreterMissing(path, let interpreter)? = obstacle(path) else {
            Issue.record("the loader was not looked for")
            return
        }
        #expect(interpreter.hasPrefix("/nil"))
    }

    @Test func `a program for another machine is named with that machine`() throws {
        let place = try Place()
        var program = try Data(contentsOf: URL(fileURLWithPath: "/bin/true"))
        // s390x, by `e_machine` of elf(5).
        program.replaceSubrange(18..<20, with: [22, 0])
        let path = try place.write("", to: "program")
        try program.write(to: URL(fileURLWithPath: path))
        let runners = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/sys/fs/binfmt_misc")) ?? []
        #expect(obstacle(path) == (runners.count > 2 ? nil : .foreign(path, machine: "s390x")))
        #expect(obstacle("/bin/true") == nil)
    }

    @Test(arguments: [
        ("#!/usr/bin/env python3\n", "python3"), ("#!/usr/bin/env -S A=1 node --x\n", "node"), ("#!/bin/sh\n", nil),
        ("echo\n", nil), ("#! /bin/env\n", nil),
    ])
    func `what env is to look for is known`(script: String, program: String?) throws {
        let place = try Place()
        #expect(ProgramSearch.programOfEnv(try place.write(script, to: "script")) == program)
    }

    @Test func `a script without a first line for the kernel is the shell's`() throws {
        let place = try Place()
        #expect(obstacle(try place.write("echo\n", to: "script")) == nil)
    }
}

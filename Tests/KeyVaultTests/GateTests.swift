import HTTPTransport
import LinuxSystem
import Testing

@testable import KeyVault

@Suite struct GateTests {
    private var generator = SeededGenerator(state: 7)
    private let start = BootInstant(nanoseconds: 1_000_000_000)

    @Test func `a gate is open as wide as it is made`() {
        let gate = VaultGate(widest: 4)
        #expect(gate.admits(inFlight: 3, at: start))
        #expect(!gate.admits(inFlight: 4, at: start))
    }

    @Test mutating func `a refusal closes the gate and then lets one through, two, four`() throws {
        var gate = VaultGate(widest: 8)
        let pause = try #require(gate.refused(epoch: 0, asked: nil, at: start, using: &generator))
        #expect(pause <= .milliseconds(800))
        let after = start + pause
        #expect(!gate.admits(inFlight: 0, at: start) || pause == .zero)
        #expect(gate.admits(inFlight: 0, at: after))
        #expect(!gate.admits(inFlight: 1, at: after))
        var windows: [Int] = []
        for _ in 0..<5 {
            gate.passed(epoch: gate.epoch)
            windows.append(gate.window)
        }
        #expect(windows == [2, 4, 8, 8, 8])
        #expect(gate.refusals == 0)
    }

    @Test mutating func `what was sent before a refusal neither repeats nor lifts it`() throws {
        var gate = VaultGate(widest: 8)
        _ = gate.refused(epoch: 0, asked: nil, at: start, using: &generator)
        let until = gate.pausedUntil
        #expect(gate.refused(epoch: 0, asked: nil, at: start, using: &generator) == nil)
        gate.passed(epoch: 0)
        #expect(gate.window == 1)
        #expect(gate.refusals == 1)
        #expect(gate.pausedUntil == until)
        #expect(gate.refused(epoch: 0, asked: .seconds(9), at: start, using: &generator) == nil)
        #expect(gate.pausedUntil == start + .seconds(9))
    }

    @Test mutating func `pauses have full jitter up to 0.8 s, and up to 3.2 s after many refusals`() {
        var gate = VaultGate(widest: 8)
        var pauses: [Duration] = []
        for _ in 0..<200 {
            if let pause = gate.refused(epoch: gate.epoch, asked: nil, at: start, using: &generator) {
                pauses.append(pause)
            }
        }
        #expect(pauses.prefix(VaultGate.patientRefusals).allSatisfy { $0 <= VaultGate.shortest })
        #expect(pauses.allSatisfy { $0 <= VaultGate.longest })
        let late = pauses.suffix(120)
        #expect(late.contains { $0 > .milliseconds(2800) } && late.contains { $0 < .milliseconds(400) })
    }

    @Test mutating func `what is asked is kept to, with a tenth of jitter`() throws {
        for _ in 0..<50 {
            var gate = VaultGate(widest: 8)
            let pause = try #require(gate.refused(epoch: 0, asked: .seconds(10), at: start, using: &generator))
            #expect(pause >= .seconds(10) && pause <= .seconds(11))
        }
    }
}

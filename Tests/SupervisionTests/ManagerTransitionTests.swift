import Glibc
import LinuxSystem
import Messages
import Supervision
import Testing
import WorkerProtocol

/// What the service manager is told.
struct ManagerTransitionTests {
    private static let ping = SupervisorAction.notify("WATCHDOG=1")

    private func fixture(childNotifies: Bool = false, action: ChangeAction = .unset) -> Fixture {
        var fixture = Fixture(
            watchdog: .seconds(5),
            plan: Fixture.plan {
                $0.childNotifies = childNotifies
                $0.action = action
            })
        fixture.start()
        return fixture
    }

    @Test func `the watchdog hears from us at half of its interval`() {
        var fixture = fixture()
        #expect(fixture.wait(5) == [Self.ping])
        #expect(fixture.wait(5) == [Self.ping])
    }

    @Test func `a child that reports itself owns the watchdog from its readiness on`() {
        var fixture = fixture(childNotifies: true)
        #expect(fixture.wait(5) == [Self.ping])
        fixture.handle(.childReady)
        #expect(fixture.wait(5).isEmpty)
        #expect(fixture.wait(5).isEmpty)
    }

    @Test func `between two incarnations of such a child the watchdog is ours`() {
        var fixture = fixture(childNotifies: true, action: .restart)
        fixture.handle(.childReady)
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        #expect(fixture.wait(2).contains(Self.ping))
        #expect(fixture.wait(5) == [Self.ping])
        fixture.ends(Fixture.childPid, .killed(signal: SIGTERM))
        fixture.handle(.childStarted(pid: Fixture.childPid + 1))
        #expect(fixture.wait(5) == [Self.ping])
        fixture.handle(.childReady)
        #expect(fixture.wait(5).isEmpty)
    }

    @Test func `nobody pings for a new child that never becomes ready`() {
        var fixture = fixture(childNotifies: true, action: .restart)
        fixture.handle(.childReady)
        fixture.restart()
        #expect(fixture.wait(89).contains(Self.ping))
        #expect(!fixture.wait(5).contains(Self.ping))
    }

    @Test func `before the child has said that it is ready no reload says so`() {
        var fixture = fixture(childNotifies: true)
        let actions = fixture.signal(SIGHUP) + fixture.handle(.workerMessage(.finished(fixture.report())))
        let isReady = actions.contains { if case .notify(let state) = $0 { state.contains("READY=1") } else { false } }
        #expect(!actions.contains(.notifyReloading))
        #expect(!isReady)
    }

    @Test func `a reload that a rollback interrupts is made up for`() {
        var fixture = fixture(action: .restart)
        fixture.restart()
        #expect(fixture.signal(SIGHUP).contains(.notifyReloading))
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        fixture.ends(Fixture.childPid + 1, .exited(code: 1))
        #expect(fixture.ends(Fixture.workerPid, .killed(signal: SIGKILL)).order?.task == .rollBack)
        fixture.handle(.workerStarted(pid: Fixture.workerPid + 1))
        fixture.handle(.workerMessage(.finished(fixture.report())))
        fixture.ends(Fixture.workerPid + 1)
        let started = fixture.handle(.childStarted(pid: Fixture.childPid + 2))
        #expect(started.contains(.notifyReloading))
        #expect(started.order?.task == .refresh)
    }

    @Test func `a reload that waits for a worker's end is told once, over a restart too`() {
        var fixture = fixture(action: .restart)
        fixture.signal(SIGHUP)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        fixture.handle(.workerMessage(.finished(fixture.report { $0.environmentChanged = true })))
        #expect(fixture.signal(SIGHUP) == [.notifyReloading])
        fixture.wait(2)
        fixture.ends(Fixture.childPid, .killed(signal: SIGTERM))
        #expect(!fixture.handle(.childStarted(pid: Fixture.childPid + 1)).contains(.notifyReloading))
        #expect(fixture.ends(Fixture.workerPid).order?.task == .refresh)
    }

    @Test func `a child that stops for its restart does not stop the unit`() {
        var fixture = fixture(childNotifies: true, action: .restart)
        #expect(fixture.machine.rollout?.mayRestart == false)
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        fixture.wait(2)
        #expect(fixture.machine.rollout?.mayRestart == true)
        fixture.ends(Fixture.childPid, .killed(signal: SIGTERM))
        fixture.handle(.childStarted(pid: Fixture.childPid + 1))
        #expect(fixture.machine.rollout?.mayRestart == true, "a failure now would be rolled back")
        fixture.wait(10)
        #expect(fixture.machine.rollout?.mayRestart == false)
    }

    @Test func `a sidecar says itself that it is ready, whoever was chosen`() {
        var fixture = Fixture(isSidecar: true, plan: Fixture.plan { $0.childNotifies = true })
        fixture.begin()
        let actions = fixture.handle(.workerMessage(.finished(fixture.report())))
        let isReady = actions.contains { if case .notify(let state) = $0 { state.hasPrefix("READY=1") } else { false } }
        #expect(isReady)
    }

    @Test(arguments: [Int32(0), 75])
    func `the exit code is told where it is a failure`(code: Int32) {
        var fixture = fixture()
        let last = fixture.ends(Fixture.childPid, .exited(code: code))
        let words = code == 0 ? "STOPPING=1" : "STOPPING=1\nEXIT_STATUS=\(code)"
        #expect(last.contains(.notify(words)))
    }

    @Test func `a command that can't be started tells its errno`() {
        var fixture = Fixture()
        fixture.handle(.begun)
        fixture.handle(.workerStarted(pid: Fixture.workerPid))
        fixture.handle(.workerMessage(.prepared(fixture.plan, nil)))
        fixture.handle(.workerMessage(.finished(fixture.report())))
        let last = fixture.handle(.childNotStarted(SpawnFailure(step: .execute, code: ENOENT)))
        #expect(last.contains(.notify("ERRNO=\(ENOENT)")))
        #expect(last.contains(.notify("STOPPING=1\nEXIT_STATUS=127")))
    }

    @Test func `a refresh that failed for a secret logs its name`() throws {
        var fixture = fixture()
        var failure = WorkerFailure(code: "secret-disabled", exitCode: 77, message: "disabled")
        failure.secret = "db-password"
        failure.vault = "contoso-web"
        let actions = fixture.refresh(WorkerReport(outcome: .failed(failure)))
        let diagnosis = try #require(
            actions.compactMap { if case .log(let message) = $0 { message.diagnosis } else { nil } }.first)
        #expect(diagnosis.secret == "db-password")
        #expect(diagnosis.vault == "contoso-web")
    }
}

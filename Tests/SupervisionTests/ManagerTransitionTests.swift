import LinuxSystem
import Messages
import Supervision
import Testing
import WorkerProtocol

/// What the service manager is told.
struct ManagerTransitionTests {
    private static let ping = SupervisorAction.notify("WATCHDOG=1")

    private func stage(childNotifies: Bool = false, action: SupervisorPlan.Action = .unset) -> Stage {
        var stage = Stage(
            watchdog: .seconds(5),
            plan: Stage.plan {
                $0.childNotifies = childNotifies
                $0.action = action
            })
        stage.start()
        return stage
    }

    @Test func `the watchdog hears from us at half of its interval`() {
        var stage = stage()
        #expect(stage.wait(5) == [Self.ping])
        #expect(stage.wait(5) == [Self.ping])
    }

    @Test func `a child that reports itself owns the watchdog from its readiness on`() {
        var stage = stage(childNotifies: true)
        #expect(stage.wait(5) == [Self.ping])
        stage.give(.childReady)
        #expect(stage.wait(5).isEmpty)
        #expect(stage.wait(5).isEmpty)
    }

    @Test func `between two incarnations of such a child the watchdog is ours`() {
        var stage = stage(childNotifies: true, action: .restart)
        stage.give(.childReady)
        stage.refresh(stage.report { $0.environmentChanged = true })
        #expect(stage.wait(2).contains(Self.ping))
        #expect(stage.wait(5) == [Self.ping])
        stage.ends(Stage.childPid, .killed(signal: 15))
        stage.give(.childStarted(pid: Stage.childPid + 1))
        #expect(stage.wait(5) == [Self.ping])
        stage.give(.childReady)
        #expect(stage.wait(5).isEmpty)
    }

    @Test func `nobody pings for a new child that never becomes ready`() {
        var stage = stage(childNotifies: true, action: .restart)
        stage.give(.childReady)
        stage.restart()
        #expect(stage.wait(89).contains(Self.ping))
        #expect(!stage.wait(5).contains(Self.ping))
    }

    @Test func `before the child has said that it is ready no reload says so`() {
        var stage = stage(childNotifies: true)
        let actions = stage.signal(1) + stage.give(.workerMessage(.finished(stage.report())))
        let isReady = actions.contains { if case .notify(let state) = $0 { state.contains("READY=1") } else { false } }
        #expect(!actions.contains(.notifyReloading))
        #expect(!isReady)
    }

    @Test func `a reload that a rollback interrupts is made up for`() {
        var stage = stage(action: .restart)
        stage.restart()
        #expect(stage.signal(1).contains(.notifyReloading))
        stage.give(.workerStarted(pid: Stage.workerPid))
        stage.ends(Stage.childPid + 1, .exited(code: 1))
        #expect(stage.ends(Stage.workerPid, .killed(signal: 9)).order?.task == .rollBack)
        stage.give(.workerStarted(pid: Stage.workerPid + 1))
        stage.give(.workerMessage(.finished(stage.report())))
        stage.ends(Stage.workerPid + 1)
        let started = stage.give(.childStarted(pid: Stage.childPid + 2))
        #expect(started.contains(.notifyReloading))
        #expect(started.order?.task == .refresh)
    }

    @Test func `a child that stops for its restart does not stop the unit`() {
        var stage = stage(childNotifies: true, action: .restart)
        let now = { (stage: Stage) in
            Moment(boot: BootInstant(nanoseconds: stage.seconds * 1_000_000_000), wall: stage.seconds)
        }
        #expect(!stage.machine.mayRestartChild(at: now(stage)))
        stage.refresh(stage.report { $0.environmentChanged = true })
        stage.wait(2)
        #expect(stage.machine.mayRestartChild(at: now(stage)))
        stage.ends(Stage.childPid, .killed(signal: 15))
        stage.give(.childStarted(pid: Stage.childPid + 1))
        #expect(stage.machine.mayRestartChild(at: now(stage)), "a failure now would be rolled back")
        stage.wait(10)
        #expect(!stage.machine.mayRestartChild(at: now(stage)))
    }

    @Test func `a sidecar says itself that it is ready, whoever was chosen`() {
        var stage = Stage(isSidecar: true, plan: Stage.plan { $0.childNotifies = true })
        stage.begin()
        let actions = stage.give(.workerMessage(.finished(stage.report())))
        let isReady = actions.contains { if case .notify(let state) = $0 { state.hasPrefix("READY=1") } else { false } }
        #expect(isReady)
    }

    @Test(arguments: [Int32(0), 75])
    func `the exit code is told where it is a failure`(code: Int32) {
        var stage = stage()
        let last = stage.ends(Stage.childPid, .exited(code: code))
        let words = code == 0 ? "STOPPING=1" : "STOPPING=1\nEXIT_STATUS=\(code)"
        #expect(last.contains(.notify(words)))
    }

    @Test func `a command that can't be started tells its errno`() {
        var stage = Stage()
        stage.give(.begun)
        stage.give(.workerStarted(pid: Stage.workerPid))
        stage.give(.workerMessage(.prepared(stage.plan, nil)))
        stage.give(.workerMessage(.finished(stage.report())))
        let last = stage.give(.childNotStarted(SpawnFailure(step: .execute, code: 2)))
        #expect(last.contains(.notify("ERRNO=2")))
        #expect(last.contains(.notify("STOPPING=1\nEXIT_STATUS=127")))
    }

    @Test func `a refresh that failed for a secret logs its name`() throws {
        var stage = stage()
        var failure = WorkerFailure(code: "secret-disabled", exitCode: 77, message: "disabled")
        failure.secret = "db-password"
        failure.vault = "contoso-web"
        let actions = stage.refresh(WorkerReport(outcome: .failed(failure)))
        let diagnosis = try #require(
            actions.compactMap { if case .log(let message) = $0 { message.diagnosis } else { nil } }.first)
        #expect(diagnosis.secret == "db-password")
        #expect(diagnosis.vault == "contoso-web")
    }
}

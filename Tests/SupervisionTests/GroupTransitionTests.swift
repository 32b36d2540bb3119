import Glibc
import LinuxSystem
import Supervision
import Testing
import WorkerProtocol

/// With `--group-signal` a child is over when its whole group is.
struct GroupTransitionTests {
    private func fixture(_ action: ChangeAction = .none) -> Fixture {
        var fixture = Fixture(
            plan: Fixture.plan {
                $0.groupSignal = true
                $0.action = action
            })
        fixture.start()
        return fixture
    }

    private func child(_ number: Int32) -> SupervisorAction { .signalChild(number, queuedValue: nil) }

    @Test func `a restart waits for the rest of the group`() {
        var fixture = fixture(.restart)
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        #expect(fixture.wait(2).effects == [child(SIGTERM)])
        #expect(fixture.ends(Fixture.childPid, .killed(signal: SIGTERM)) == [.lookAtGroup])
        #expect(fixture.handle(.groupSeen(isGone: false)).isEmpty)
        #expect(fixture.wait(1) == [.lookAtGroup])
        #expect(fixture.handle(.groupSeen(isGone: true)) == [.startChild])
        fixture.handle(.childStarted(pid: Fixture.childPid + 1))
        #expect(fixture.machine.phase == .running(.probation))
    }

    @Test func `what is left at the stop timeout is killed, and given up when that has not helped`() {
        var fixture = fixture()
        fixture.signal(SIGTERM)
        fixture.ends(Fixture.childPid, .exited(code: 3))
        fixture.handle(.groupSeen(isGone: false))
        #expect(fixture.wait(25).filter { $0 != .lookAtGroup } == [child(SIGKILL)])
        #expect(fixture.handle(.groupSeen(isGone: false)).isEmpty)
        #expect(fixture.wait(5).last == .exit(code: 3))
    }

    @Test func `a child that ends by itself takes the rest of its group along`() {
        var fixture = fixture()
        #expect(fixture.ends(Fixture.childPid, .exited(code: 3)) == [.lookAtGroup])
        #expect(fixture.handle(.groupSeen(isGone: false)) == [child(SIGTERM)])
        #expect(fixture.wait(1) == [.lookAtGroup])
        #expect(fixture.handle(.groupSeen(isGone: false)).isEmpty)
        #expect(fixture.wait(1) == [.lookAtGroup])
        #expect(fixture.handle(.groupSeen(isGone: true)).last == .exit(code: 3))
    }

    @Test func `a rollback waits for the group that failed`() {
        var fixture = fixture(.restart)
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        fixture.wait(2)
        fixture.ends(Fixture.childPid, .killed(signal: SIGTERM))
        fixture.handle(.groupSeen(isGone: true))
        fixture.handle(.childStarted(pid: Fixture.childPid + 1))
        #expect(fixture.ends(Fixture.childPid + 1, .exited(code: 3)) == [.lookAtGroup])
        #expect(fixture.handle(.groupSeen(isGone: false)) == [child(SIGTERM)])
        let actions = fixture.handle(.groupSeen(isGone: true))
        #expect(actions.effects.first == .restoreEnvironment)
        #expect(actions.order?.task == .rollBack)
    }

    @Test func `a change while the rest of a group ends starts nothing`() {
        var fixture = fixture(.restart)
        fixture.ends(Fixture.childPid, .exited(code: 0))
        fixture.handle(.groupSeen(isGone: false))
        fixture.refresh(fixture.report { $0.environmentChanged = true })
        #expect(!fixture.wait(2).effects.contains(child(SIGTERM)))
        #expect(fixture.handle(.groupSeen(isGone: true)).last == .exit(code: 0))
    }

    @Test func `a second TERM kills the rest`() {
        var fixture = fixture()
        fixture.ends(Fixture.childPid, .exited(code: 0))
        fixture.handle(.groupSeen(isGone: false))
        #expect(fixture.signal(SIGTERM).effects == [child(SIGTERM)])
        #expect(fixture.signal(SIGTERM).effects == [child(SIGKILL)])
    }
}

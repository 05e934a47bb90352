package app

import (
	"testing"

	"padlab/core/lab"
)

// inClass is a teacher with a run that is paused, and a pupil who watches it.
func inClass(t *testing.T, x *Exercise) (c *Class, teacher, pupil *driver) {
	c = NewClass()
	all := presets(t, 1_000_000)
	if x != nil {
		x.Preset = all[1]
		c.Exercise = x
	}
	session := func(teaches bool, name string) Session {
		return Session{Theme: mono, Presets: all, First: all[0], Class: c, Teaches: teaches, Visitor: name}
	}
	teacher = drive(t, host(pool(t)), session(true, "teacher"))
	teacher.settle(func() bool { return teacher.running() && len(teacher.lab().evaluations()) > 1 })
	teacher.press(" ")
	teacher.settle(func() bool { return teacher.lab().snap.Status == lab.Paused })
	pupil = drive(t, host(pool(t)), session(false, "anna"))
	pupil.settle(func() bool { return pupil.shows("paused") })
	return c, teacher, pupil
}

// Whoever watches has all that was found, costs no run, and his own run goes on while
// he watches, until the class is elsewhere.
func TestForkAndBack(t *testing.T) {
	_, teacher, pupil := inClass(t, nil)
	if pupil.running() || !pupil.lab().attending() || pupil.lab().watched != teacher.lab().run {
		t.Error("the pupil does not watch the teacher's run")
	}
	if got, want := len(pupil.lab().evaluations()), len(teacher.lab().evaluations()); got != want {
		t.Errorf("%d evaluations of %d", got, want)
	}
	pupil.press("f")
	pupil.settle(func() bool { return pupil.ready() && pupil.lab().snap.Step() > 0 })
	own := pupil.lab().run
	pupil.want("your own")
	pupil.press("f")
	pupil.settle(func() bool { return pupil.lab().attending() && pupil.shows("paused") })
	at := own.Snapshot().Step()
	pupil.settle(func() bool { return own.Snapshot().Step() > at })
	pupil.press("f")
	if pupil.lab().run != own {
		t.Fatalf("the run is another\n%s", pupil.View())
	}
	at = own.Snapshot().Step()
	pupil.settle(func() bool { return pupil.lab().snap.Step() > at })
	if pupil.press("f", "q"); !pupil.shows("still training") {
		t.Errorf("his own run is forgotten:\n%s", pupil.View())
	}
	pupil.press("esc")
	teacher.press("n")
	teacher.settle(teacher.ready)
	teacher.View()
	pupil.settle(func() bool { return pupil.shows("seed 2") })
	pupil.press("f")
	pupil.settle(pupil.ready)
	if pupil.lab().run == own || pupil.lab().experiment.Seed != 2 {
		t.Error("what the class does now is not forked")
	}
	<-own.Done()
}

func TestExercise(t *testing.T) {
	c, teacher, anna := inClass(t, &Exercise{Change: "Train circular alone.", Set: []string{"net.padding=circular"}, Question: "Does it know?", Answers: []string{"yes", "no"}})
	var told []string
	c.Answered = func(who, answer string) { told = append(told, who+": "+answer) }
	teacher.press("x")
	teacher.want("0 answers, 0 tried", "Does it know?", "Nobody has tried it yet.")
	anna.want("x exercise")
	anna.press("x")
	anna.want("Train circular alone.", "Does it know?", "train other yourself", "answer: yes", "The teacher sees your name")
	anna.press("enter")
	anna.settle(anna.ready)
	anna.want("other", "your own")
	teacher.settle(func() bool { return teacher.shows("0 answers, 1 tried") })
	if teacher.shows("made") {
		t.Errorf("nothing was changed:\n%s", teacher.View())
	}
	e := anna.lab().experiment.Clone()
	if err := e.SetLine("net.padding=circular"); err != nil {
		t.Fatal(err)
	}
	anna.pending = append(anna.pending, anna.lab().play(anna.lab().preset, e).work)
	anna.settle(func() bool { return anna.ready() && len(anna.lab().snap.Arms) == 1 })
	anna.press("x", "down", "enter")
	teacher.settle(func() bool { return teacher.shows("1 answer, 1 tried") })
	teacher.want("anna", "no", "made", "net.padding=circular")
	anna.press("x")
	anna.want("Your answer: no")
	anna.press("enter") // the first is yes, now
	teacher.settle(func() bool { return teacher.shows("yes") })
	if len(told) != 2 || told[0] != "anna: no" || told[1] != "anna: yes" {
		t.Errorf("%q", told)
	}
}

// Without answers to choose from, one writes. Two of one name are two.
func TestAnswersInWords(t *testing.T) {
	c, teacher, anna := inClass(t, &Exercise{Change: "Change something.", Question: "Why?"})
	other := drive(t, host(pool(t)), Session{Theme: mono, Presets: presets(t, 10), First: presets(t, 10)[0], Class: c, Visitor: "anna"})
	for _, s := range []struct {
		*driver
		text string
	}{{anna, "because q"}, {other, "no idea"}} {
		s.settle(func() bool { return s.shows("exercise") })
		s.press("x", "down", "enter")
		s.want("your answer", "Why?")
		s.types(s.text)
		s.want(s.text)
		s.press("enter")
	}
	teacher.press("x")
	teacher.want("2 answers", "because q", "no idea", "anna, 2nd")
}

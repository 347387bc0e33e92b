package experts_test

import (
	"fmt"

	"advisor/experts"
)

// A round that lacks its approvals is not closed; one that has them is, and what
// was edited is approved as edited. Only then can it be applied.
func ExampleNext() {
	_, err := experts.Next(experts.Round2, experts.Close, experts.Facts{Panel: true, AllIn: true})
	fmt.Println(err)
	state, _ := experts.Next(experts.Round2, experts.Close, experts.Facts{Panel: true, AllIn: true, Met: true, Edited: true})
	fmt.Println(state, experts.Word(state))
	state, _ = experts.Next(state, experts.Apply, experts.Facts{Panel: true, AllIn: true, Met: true, Edited: true})
	fmt.Println(state, experts.Word(state))
	_, err = experts.Next(state, experts.Apply, experts.Facts{Met: true})
	fmt.Println(err)
	// Output:
	// close in state round2 needs one of ["达到通过条件" "达到通过条件，文本经过修改"]
	// approved-edited 修改后通过
	// applied 已采纳落实
	// apply has no place in state applied
}

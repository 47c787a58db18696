"""Which machine is this: facts, what they prove, and the judgement."""

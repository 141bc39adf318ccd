"""What a transform computes, as data: wavelets, who acts on whose moduli, order of the outputs, sizes.

`axis` and `tree` serve every rank; `images` and `signals` say what is special about theirs. It is not public.
"""

"""What PyTorch 2.13.0 has under which path.

Written by tests/programs/names_of_pytorch.py. A line is a module and its names, in three parts with bars between them:
those that are only there, those that a module above hands on too (`torch.nn` the Conv2d of `torch.nn.modules.conv`),
and of these the ones whose home is elsewhere. With `*`, every other name and every path below is taken for PyTorch's.
"""

TABLE = """
torch: AVG AcceleratorError AggregationType AliasDb AnyType Argument ArgumentSpec AwaitType BFloat16Storage
  BFloat16Tensor BenchmarkConfig BenchmarkExecutionStats Block BoolStorage BoolTensor BoolType BufferDict ByteStorage
  ByteTensor CallStack Capsule CharStorage CharTensor ClassType Code CompilationUnit CompleteArgumentSpec
  ComplexDoubleStorage ComplexFloatStorage ComplexType ConcreteModuleType ConcreteModuleTypeBuilder DeepCopyMemoTable
  DeserializationStorageContext DeviceObjType DictType DisableTorchFunction DisableTorchFunctionSubclass DispatchKey
  DispatchKeySet DoubleStorage DoubleTensor EnumType ErrorReport Event ExcludeDispatchKeyGuard ExecutionPlan FatalError
  FileCheck FloatStorage FloatTensor FloatType FunctionSchema Future FutureType Generator GradScaler Gradient Graph
  GraphExecutorState HalfStorage HalfTensor IODescriptor InferredType IntStorage IntTensor IntType InterfaceType
  JITException ListType LiteScriptModule LockingLogger LoggerBase LongStorage LongTensor ModuleDict Node NoneType
  NoopLogger NumberType OperatorInfo OptionalType OutOfMemoryError PRIVATE_OPS ParameterDict PyObjectType
  PyTorchFileReader PyTorchFileWriter QInt32Storage QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage RRefType
  SUM ScriptClass ScriptClassFunction ScriptDict ScriptDictIterator ScriptDictKeyIterator ScriptFunction ScriptList
  ScriptListIterator ScriptMethod ScriptModule ScriptModuleSerializer ScriptObject ScriptObjectProperty
  SerializationStorageContext ShortStorage ShortTensor Size StaticModule Storage StorageBase Stream StreamObjType
  StringType SymBool SymBoolType SymFloat SymInt SymIntType Tag Tensor TensorType ThroughputBenchmark TracingState
  TupleType Type TypedStorage USE_GLOBAL_DEPS USE_RTLD_GLOBAL_WITH_LIBTORCH UnionType UntypedStorage Use Value abs abs_
  absolute acos acos_ acosh acosh_ adaptive_avg_pool1d adaptive_max_pool1d add addbmm addcdiv addcmul addmm addmv addmv_
  addr adjoint affine_grid_generator alias_copy all allclose alpha_dropout alpha_dropout_ amax amin aminmax angle any
  arange arccos arccos_ arccosh arccosh_ arcsin arcsin_ arcsinh arcsinh_ arctan arctan2 arctan_ arctanh arctanh_
  are_deterministic_algorithms_enabled argmax argmin argsort argwhere as_strided as_strided_ as_strided_copy
  as_strided_scatter as_tensor asarray asin asin_ asinh asinh_ atan atan2 atan_ atanh atanh_ atleast_1d atleast_2d
  atleast_3d autocast autocast_decrement_nesting autocast_increment_nesting avg_pool1d baddbmm bartlett_window
  batch_norm batch_norm_backward_elemt batch_norm_backward_reduce batch_norm_elemt batch_norm_gather_stats
  batch_norm_gather_stats_with_counts batch_norm_stats batch_norm_update_stats bernoulli bfloat16 bilinear
  binary_cross_entropy_with_logits bincount binomial bit bits16 bits1x8 bits2x4 bits4x2 bits8 bitwise_and
  bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor blackman_window block_diag bmm bool
  broadcast_shapes broadcast_tensors broadcast_to bucketize can_cast cartesian_prod cat ccol_indices_copy cdist cdouble
  ceil ceil_ celu celu_ cfloat chain_matmul chalf channel_shuffle channels_last channels_last_3d cholesky
  cholesky_inverse cholesky_solve choose_qparams_optimized chunk clamp clamp_ clamp_max clamp_max_ clamp_min clamp_min_
  classproperty clear_autocast_cache clip clip_ clone col_indices_copy column_stack combinations compile
  compiled_with_cxx11_abi complex complex128 complex32 complex64 concat concatenate cond conj conj_physical
  conj_physical_ constant_pad_nd contiguous_format conv1d conv2d conv3d conv_tbc conv_transpose1d conv_transpose2d
  conv_transpose3d convolution copysign corrcoef cos cos_ cosh cosh_ cosine_embedding_loss cosine_similarity
  count_nonzero cov cross crow_indices_copy ctc_loss cudnn_affine_grid_generator cudnn_batch_norm cudnn_convolution
  cudnn_convolution_add_relu cudnn_convolution_relu cudnn_convolution_transpose cudnn_grid_sampler cudnn_is_acceptable
  cummax cummin cumprod cumsum cumulative_trapezoid default_generator deg2rad deg2rad_ dequantize det detach detach_
  detach_copy device diag diag_embed diagflat diagonal diagonal_copy diagonal_scatter diff digamma dist div divide dot
  double dropout dropout_ dsmm dsplit dstack dtype e eig einsum embedding embedding_bag embedding_renorm_ empty
  empty_like empty_permuted empty_quantized empty_strided enable_grad eq equal erf erf_ erfc erfc_ erfinv exp exp2 exp2_
  exp_ expand_copy expm1 expm1_ eye fake_quantize_per_channel_affine fake_quantize_per_tensor_affine
  fbgemm_linear_fp16_weight fbgemm_linear_fp16_weight_fp32_activation fbgemm_linear_int8_weight
  fbgemm_linear_int8_weight_fp32_activation fbgemm_linear_quantize_weight fbgemm_pack_gemm_matrix_fp16
  fbgemm_pack_quantized_matrix feature_alpha_dropout feature_alpha_dropout_ feature_dropout feature_dropout_ fill fill_
  finfo fix fix_ flatten flip fliplr flipud float float16 float32 float4_e2m1fn_x2 float64 float8_e4m3fn float8_e4m3fnuz
  float8_e5m2 float8_e5m2fnuz float8_e8m0fnu float_power floor floor_ floor_divide fmax fmin fmod fork frac frac_ frexp
  frobenius_norm from_dlpack from_file from_numpy frombuffer full full_like fused_moving_avg_obs_fake_quant gather gcd
  gcd_ ge geqrf ger get_autocast_cpu_dtype get_autocast_dtype get_autocast_gpu_dtype get_autocast_ipu_dtype
  get_autocast_xla_dtype get_default_device get_default_dtype get_deterministic_debug_mode get_device get_device_module
  get_file_path get_float32_matmul_precision get_num_interop_threads get_num_threads get_rng_state gradient greater
  greater_equal grid_sampler grid_sampler_2d grid_sampler_3d group_norm gru gru_cell gt half hamming_window hann_window
  hardshrink has_lapack has_mkl has_openmp has_spectral hash_tensor heaviside hinge_embedding_loss histc histogram
  histogramdd hsmm hsplit hspmm hstack hypot i0 i0_ igamma igammac iinfo imag import_ir_module
  import_ir_module_from_buffer index_add index_copy index_fill index_put index_put_ index_reduce index_select
  indices_copy inf inference_mode init_num_threads initial_seed inner instance_norm int int1 int16 int2 int3 int32 int4
  int5 int6 int64 int7 int8 int_repr inverse is_anomaly_check_nan_enabled is_anomaly_enabled is_autocast_cache_enabled
  is_autocast_cpu_enabled is_autocast_enabled is_autocast_ipu_enabled is_autocast_xla_enabled is_complex is_conj
  is_deterministic_algorithms_warn_only_enabled is_distributed is_floating_point is_grad_enabled is_inference
  is_inference_mode_enabled is_neg is_nonzero is_same_size is_signed is_storage is_tensor is_vulkan_available
  is_warn_always_enabled isclose isfinite isin isinf isnan isneginf isposinf isreal istft jagged kaiser_window kl_div
  kron kthvalue layer_norm layout lcm lcm_ ldexp ldexp_ le legacy_contiguous_format lerp less less_equal lgamma linspace
  load lobpcg log log10 log10_ log1p log1p_ log2 log2_ log_ log_softmax logaddexp logaddexp2 logcumsumexp logdet
  logical_and logical_not logical_or logical_xor logit logit_ logspace logsumexp long lstm lstm_cell lstsq lt lu
  lu_solve lu_unpack manual_seed margin_ranking_loss masked_fill masked_scatter masked_select matmul matrix_exp
  matrix_power matrix_rank max max_pool1d max_pool1d_with_indices max_pool2d max_pool3d maximum mean median
  memory_format merge_type_from_type_comment meshgrid min minimum miopen_batch_norm miopen_convolution
  miopen_convolution_add_relu miopen_convolution_relu miopen_convolution_transpose miopen_ctc_loss
  miopen_depthwise_convolution miopen_rnn mkldnn_adaptive_avg_pool2d mkldnn_convolution mkldnn_linear_backward_weights
  mkldnn_max_pool2d mkldnn_max_pool3d mkldnn_rnn_layer mm mode moveaxis movedim msort mul multinomial multiply mv
  mvlgamma nan nan_to_num nan_to_num_ nanmean nanmedian nanquantile nansum narrow narrow_copy native_batch_norm
  native_channel_shuffle native_dropout native_group_norm native_layer_norm native_norm ne neg neg_ negative negative_
  newaxis nextafter no_grad nonzero nonzero_static norm norm_except_dim normal not_equal nuclear_norm numel ones
  ones_like orgqr ormqr outer pairwise_distance parse_ir parse_schema parse_type_comment pca_lowrank pdist
  per_channel_affine per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine per_tensor_symmetric
  permute permute_copy pi pinverse pixel_shuffle pixel_unshuffle poisson poisson_nll_loss polar polygamma positive pow
  prelu prepare_multiprocessing_environment preserve_format prod profiler_allow_cudagraph_cupti_lazy_reinit_cuda12
  promote_types put q_per_channel_axis q_per_channel_scales q_per_channel_zero_points q_scale q_zero_point qint32 qint8
  qr qscheme quantile quantize_per_channel quantize_per_tensor quantize_per_tensor_dynamic quantized_batch_norm
  quantized_gru quantized_gru_cell quantized_lstm quantized_lstm_cell quantized_max_pool1d quantized_max_pool2d
  quantized_max_pool3d quantized_rnn_relu_cell quantized_rnn_tanh_cell quint2x4 quint4x2 quint8 rad2deg rad2deg_ rand
  rand_like randint randint_like randn randn_like randperm range ravel real reciprocal reciprocal_ relu relu_ remainder
  renorm repeat_interleave reshape resize_as_ resize_as_sparse_ resolve_conj resolve_neg result_type rms_norm rnn_relu
  rnn_relu_cell rnn_tanh rnn_tanh_cell roll rot90 round round_ row_indices_copy row_stack rrelu rrelu_ rsqrt rsqrt_ rsub
  saddmm save scalar_tensor scatter scatter_add scatter_reduce searchsorted seed segment_reduce select select_copy
  select_scatter selu selu_ set_anomaly_enabled set_autocast_cache_enabled set_autocast_cpu_dtype
  set_autocast_cpu_enabled set_autocast_dtype set_autocast_enabled set_autocast_gpu_dtype set_autocast_ipu_dtype
  set_autocast_ipu_enabled set_autocast_xla_dtype set_autocast_xla_enabled set_default_device set_default_dtype
  set_default_tensor_type set_deterministic_debug_mode set_float32_matmul_precision set_flush_denormal set_grad_enabled
  set_num_interop_threads set_num_threads set_printoptions set_rng_state set_warn_always sgn short sigmoid sigmoid_ sign
  signbit sin sin_ sinc sinc_ sinh sinh_ slice_copy slice_inverse slice_scatter slogdet smm softmax solve sort
  sparse_bsc sparse_bsc_tensor sparse_bsr sparse_bsr_tensor sparse_compressed_tensor sparse_coo sparse_coo_tensor
  sparse_csc sparse_csc_tensor sparse_csr sparse_csr_tensor split split_copy split_with_sizes split_with_sizes_copy spmm
  sqrt sqrt_ square square_ squeeze squeeze_copy sspaddmm stack std std_mean stft strided sub subtract sum svd
  svd_lowrank swapaxes swapdims sym_constrain_range sym_constrain_range_for_size sym_float sym_fresh_size sym_int
  sym_ite sym_max sym_min sym_not sym_sqrt sym_sum symeig t t_copy take take_along_dim tan tan_ tanh tanh_ tensor
  tensor_split tensordot thread_safe_generator threshold threshold_ tile to_dlpack topk trace transpose transpose_copy
  trapezoid trapz triangular_solve tril tril_indices triplet_margin_loss triu triu_indices true_divide trunc trunc_
  typename uint1 uint16 uint2 uint3 uint32 uint4 uint5 uint6 uint64 uint7 uint8 unbind unbind_copy unflatten unfold_copy
  unify_type_list unique unique_consecutive unravel_index unsafe_chunk unsafe_split unsafe_split_with_sizes unsqueeze
  unsqueeze_copy use_deterministic_algorithms values_copy vander var var_mean vdot view_as_complex view_as_complex_copy
  view_as_real view_as_real_copy view_copy vmap vsplit vstack wait where while_loop xlogy xlogy_ zero_ zeros zeros_like
torch.accelerator: Graph current_accelerator current_device_idx current_device_index current_stream device_count
  device_index empty_cache empty_host_cache get_device_capability get_memory_info is_available max_memory_allocated
  max_memory_reserved memory_allocated memory_reserved memory_stats reset_accumulated_memory_stats
  reset_peak_memory_stats set_device_idx set_device_index set_stream synchronize
torch.accelerator.graphs:  | Graph
torch.accelerator.memory:  | empty_cache empty_host_cache get_memory_info max_memory_allocated max_memory_reserved
  memory_allocated memory_reserved memory_stats reset_accumulated_memory_stats reset_peak_memory_stats
torch.amp: custom_bwd custom_fwd is_autocast_available |  | GradScaler autocast
torch.amp.autocast_mode: HAS_NUMPY autocast_decorator | autocast custom_bwd custom_fwd is_autocast_available
torch.amp.grad_scaler: OptState | GradScaler | TYPE_CHECKING
torch.autograd: DeviceType Function NestedIOFunction ProfilerActivity ProfilerConfig ProfilerEvent ProfilerState
  SavedTensor Variable backward detect_anomaly enforce_grad_layout_policy grad gradcheck gradgradcheck
  handle_torch_function has_torch_function is_multithreading_enabled is_tensor_like is_view_replay_enabled
  kineto_available set_detect_anomaly set_multithreading_enabled variable |  | enable_grad inference_mode no_grad
  set_grad_enabled
torch.autograd.anomaly_mode:  | detect_anomaly set_detect_anomaly
torch.autograd.forward_ad: UnpackedDualTensor dual_level enter_dual_level exit_dual_level make_dual unpack_dual
torch.autograd.function: AUTOGRAD_FUNCTION_COUNTER BackwardCFunction FunctionCtx FunctionMeta InplaceFunction
  custom_function_call once_differentiable | Function NestedIOFunction
torch.autograd.functional: hessian hvp jacobian jvp vhp vjp
torch.autograd.grad_mode:  | enable_grad enforce_grad_layout_policy inference_mode no_grad set_grad_enabled
  set_multithreading_enabled
torch.autograd.gradcheck: FAILED_BATCHED_GRAD_MSG FAILED_BATCHED_GRAD_MSG_FWD_AD FAILED_NONDET_MSG FAST_FAIL_SLOW_OK_MSG
  GradcheckError get_analytical_jacobian get_numerical_jacobian get_numerical_jacobian_wrt_specific_input vmap |
  gradcheck gradgradcheck | is_tensor_like
torch.autograd.graph: GradientEdge Node RemovableHandle TorchDispatchMode allow_mutation_on_saved_tensors
  disable_saved_tensors_hooks get_gradient_edge increment_version region_activation_memory_budget
  register_multi_grad_hook save_on_cpu saved_tensors_hooks set_override_stale_capture_stream
  set_warn_on_accumulate_grad_stream_mismatch |  | Sequence TYPE_CHECKING Variable cast
torch.autograd.profiler: EnforceUnique EventList FunctionEvent Future KinetoStepTracker MEMORY_EVENT_NAME MemRecordsAcc
  OUT_OF_MEMORY_EVENT_NAME emit_itt emit_nvtx load_nvprof parse_nvprof_trace profile record_function |  | DeviceType
  ProfilerActivity ProfilerConfig ProfilerState kineto_available
torch.autograd.profiler_legacy: EventList FunctionEvent MEMORY_EVENT_NAME profile |  | DeviceType ProfilerConfig
  ProfilerState
torch.autograd.profiler_util: EventList EventMetadata FormattedTimesMixin FunctionEvent FunctionEventAvg Interval Kernel
  MEMORY_EVENT_NAME MemRecordsAcc OUT_OF_MEMORY_EVENT_NAME StringTable |  | DeviceType
torch.autograd.variable: ImperativeEngine VariableMeta | Variable
torch.backends:
torch.backends.cpu: get_cpu_capability
torch.backends.cuda: SDPAParams SDPBackend allow_fp16_bf16_reduction_math_sdp blas_workspace_size
  can_use_cudnn_attention can_use_efficient_attention can_use_flash_attention cuBLASModule cuFFTPlanCache
  cuFFTPlanCacheAttrContextProp cuFFTPlanCacheManager cublas_workspace_size cublaslt_workspace_size cudnn_sdp_enabled
  cufft_plan_cache enable_cudnn_sdp enable_flash_sdp enable_math_sdp enable_mem_efficient_sdp flash_sdp_enabled
  fp16_bf16_reduction_math_sdp_allowed is_built is_ck_sdpa_available is_flash_attention_available math_sdp_enabled
  matmul mem_efficient_sdp_enabled preferred_blas_library preferred_linalg_library preferred_rocm_fa_library sdp_kernel
torch.backends.cudnn:
torch.backends.cudnn.rnn:
torch.backends.cusparselt: get_max_alg_id is_available version
torch.backends.kleidiai: is_available
torch.backends.mha: get_fastpath_enabled set_fastpath_enabled
torch.backends.miopen:
torch.backends.mkl: VERBOSE_OFF VERBOSE_ON is_available verbose
torch.backends.mkldnn:
torch.backends.mps: get_core_count get_name is_available is_built is_macos13_or_newer is_macos_or_newer |  |
  TYPE_CHECKING
torch.backends.nnpack: flags is_available set_flags |  | ContextProp PropModule contextmanager
torch.backends.openmp: is_available
torch.backends.opt_einsum:
torch.backends.python_native:
torch.backends.quantized:
torch.backends.xeon:
torch.backends.xeon.run_cpu: REMAINDER Std create_args format_str main start_processes
torch.backends.xnnpack:
torch.compiler: CacheInfo NestedCompileRegionOptions allow_in_graph assume_constant_result compile
  cudagraph_mark_step_begin disable get_default_backend is_compiling is_dynamo_compiling is_exporting
  keep_portable_guards_unsafe keep_tensor_guards_unsafe list_backends load_cache_artifacts load_compiled_function
  nested_compile_region reset save_cache_artifacts set_default_backend set_enable_guard_collectives set_stance
  skip_all_guards_unsafe skip_guard_on_all_nn_modules_unsafe skip_guard_on_globals_unsafe
  skip_guard_on_inbuilt_nn_modules_unsafe substitute_in_graph wrap_numpy
torch.compiler.config: Config install_config_module
torch.cpu: Event Stream StreamContext current_device current_stream device_count get_capabilities is_available
  is_initialized set_device stream synchronize
torch.cpu.amp: GradScaler autocast
torch.cpu.amp.autocast_mode:  | autocast
torch.cpu.amp.grad_scaler:  | GradScaler
torch.cuda: BFloat16Storage BFloat16Tensor BoolStorage BoolTensor ByteStorage ByteTensor CUDAGraph
  CUDAPluggableAllocator CharStorage CharTensor ComplexDoubleStorage ComplexFloatStorage CudaError DEVICE_REQUIREMENT
  DeferredCudaCallError DoubleStorage DoubleTensor Event ExternalStream FloatStorage FloatTensor GreenContext
  HalfStorage HalfTensor IntStorage IntTensor LongStorage LongTensor MemPool PYTORCH_RELEASES_CODE_CC ShortStorage
  ShortTensor Stream StreamContext caching_allocator_alloc caching_allocator_delete caching_allocator_disabled
  caching_allocator_enable can_device_access_peer change_current_allocator check_error clock_rate cudaStatus cudart
  current_blas_handle current_device current_solver_handle current_stream default_generators default_stream device
  device_count device_memory_used device_of empty_cache get_allocator_backend get_arch_list get_device_capability
  get_device_name get_device_properties get_gencode_flags get_per_process_memory_fraction get_rng_state
  get_rng_state_all get_stream_from_external get_sync_debug_mode graph graph_pool_handle has_half has_magma
  host_memory_stats host_memory_stats_as_nested_dict init initial_seed ipc_collect is_available is_bf16_supported
  is_current_stream_capturing is_initialized is_tf32_supported list_gpu_processes make_graphed_callables manual_seed
  manual_seed_all max_memory_allocated max_memory_cached max_memory_reserved mem_get_info memory_allocated memory_cached
  memory_reserved memory_snapshot memory_stats memory_stats_as_nested_dict memory_summary memory_usage power_draw
  reset_accumulated_host_memory_stats reset_accumulated_memory_stats reset_max_memory_allocated reset_max_memory_cached
  reset_peak_host_memory_stats reset_peak_memory_stats seed seed_all set_device set_per_process_memory_fraction
  set_rng_state set_rng_state_all set_stream set_sync_debug_mode stream synchronize temperature use_mem_pool utilization
  |  | AcceleratorError OutOfMemoryError TYPE_CHECKING classproperty
torch.cuda.amp: GradScaler amp_definitely_not_available autocast custom_bwd custom_fwd
torch.cuda.amp.autocast_mode:  | autocast custom_bwd custom_fwd
torch.cuda.amp.common:  | amp_definitely_not_available
torch.cuda.amp.grad_scaler: OptState | GradScaler
torch.cuda.comm: broadcast broadcast_coalesced gather reduce_add reduce_add_coalesced scatter
torch.cuda.gds: GdsFile Storage gds_deregister_buffer gds_register_buffer |  | Callable
torch.cuda.graphs:  | CUDAGraph graph graph_pool_handle is_current_stream_capturing make_graphed_callables | Callable
  TYPE_CHECKING Tensor
torch.cuda.green_contexts: SUPPORTED | GreenContext
torch.cuda.jiterator:  |  | Callable Tensor
torch.cuda.memory:  | CUDAPluggableAllocator MemPool caching_allocator_alloc caching_allocator_delete
  caching_allocator_disabled caching_allocator_enable change_current_allocator empty_cache get_allocator_backend
  get_per_process_memory_fraction host_memory_stats host_memory_stats_as_nested_dict list_gpu_processes
  max_memory_allocated max_memory_cached max_memory_reserved mem_get_info memory_allocated memory_cached memory_reserved
  memory_snapshot memory_stats memory_stats_as_nested_dict memory_summary reset_accumulated_host_memory_stats
  reset_accumulated_memory_stats reset_max_memory_allocated reset_max_memory_cached reset_peak_host_memory_stats
  reset_peak_memory_stats set_per_process_memory_fraction use_mem_pool | TYPE_CHECKING is_initialized
torch.cuda.nccl: SUM all_gather all_reduce broadcast init_rank is_available reduce reduce_scatter unique_id version
torch.cuda.nvtx: mark range range_end range_pop range_push range_start
torch.cuda.profiler: DEFAULT_FLAGS profile start stop |  | check_error cudart
torch.cuda.random:  | get_rng_state get_rng_state_all initial_seed manual_seed manual_seed_all seed seed_all
  set_rng_state set_rng_state_all | Tensor current_device device_count is_initialized
torch.cuda.sparse: BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor
  ShortTensor
torch.cuda.streams:  | Event ExternalStream Stream
torch.cuda.tunable: enable get_filename get_max_tuning_duration get_max_tuning_iterations get_results
  get_rotating_buffer_size get_validators is_enabled mgpu_tune_gemm_in_file read_file record_untuned_enable
  record_untuned_is_enabled set_filename set_max_tuning_duration set_max_tuning_iterations
  set_numerical_check_tolerances set_rotating_buffer_size tune_gemm_in_file tuning_enable tuning_is_enabled
torch.distributed: AllToAllOptions AllreduceCoalescedOptions AllreduceOptions Backend BackendConfig BarrierOptions
  BroadcastOptions BuiltinCommHookType DebugLevel DeviceMesh DistBackendError DistError DistNetworkError DistStoreError
  FileStore GatherOptions GradBucket GroupMember HashStore Logger P2POp PrefixStore ProcessGroup ProcessGroupGloo
  QueueEmptyError ReduceOp ReduceOptions ReduceScatterOptions Reducer ScatterOptions Store TCPStore Work all_gather
  all_gather_coalesced all_gather_into_tensor all_gather_object all_gather_single all_reduce all_reduce_coalesced
  all_to_all all_to_all_single barrier batch_isend_irecv breakpoint broadcast broadcast_object_list default_pg_timeout
  destroy_process_group gather gather_object get_backend get_backend_config get_debug_level
  get_default_backend_for_device get_global_rank get_group_rank get_node_local_rank get_pg_count get_process_group_ranks
  get_rank get_world_size group init_device_mesh init_process_group irecv is_available is_backend_available
  is_gloo_available is_initialized is_mpi_available is_nccl_available is_torchelastic_launched is_ucc_available
  is_xccl_available isend monitored_barrier new_group new_subgroups new_subgroups_by_enumeration record_comm recv
  recv_object_list reduce reduce_op reduce_scatter reduce_scatter_single reduce_scatter_tensor
  register_rendezvous_handler rendezvous scatter scatter_object_list send send_object_list set_debug_level
  set_debug_level_from_env shrink_group split_group supports_complex |  |  *
torch.distributions: AbsTransform AffineTransform Bernoulli Beta Binomial CatTransform Categorical Cauchy Chi2
  ComposeTransform ContinuousBernoulli CorrCholeskyTransform CumulativeDistributionTransform Dirichlet Distribution
  ExpTransform Exponential ExponentialFamily FisherSnedecor Gamma GeneralizedPareto Geometric Gumbel HalfCauchy
  HalfNormal Independent IndependentTransform InverseGamma Kumaraswamy LKJCholesky Laplace LogNormal LogisticNormal
  LowRankMultivariateNormal LowerCholeskyTransform MixtureSameFamily Multinomial MultivariateNormal NegativeBinomial
  Normal OneHotCategorical OneHotCategoricalStraightThrough Pareto Poisson PositiveDefiniteTransform PowerTransform
  RelaxedBernoulli RelaxedOneHotCategorical ReshapeTransform SigmoidTransform SoftmaxTransform SoftplusTransform
  StackTransform StickBreakingTransform StudentT TanhTransform Transform TransformedDistribution Uniform VonMises
  Weibull Wishart biject_to identity_transform kl_divergence register_kl transform_to
torch.distributions.bernoulli: binary_cross_entropy_with_logits broadcast_all lazy_property logits_to_probs
  probs_to_logits | Bernoulli | ExponentialFamily Tensor nan
torch.distributions.beta: broadcast_all | Beta | Dirichlet ExponentialFamily Tensor
torch.distributions.binomial: broadcast_all lazy_property logits_to_probs probs_to_logits | Binomial | Distribution
  Tensor
torch.distributions.categorical: lazy_property logits_to_probs probs_to_logits | Categorical | Distribution Tensor nan
torch.distributions.cauchy: broadcast_all | Cauchy | Distribution Tensor inf nan
torch.distributions.chi2:  | Chi2 | Gamma Tensor
torch.distributions.constraint_registry: ConstraintRegistry | biject_to transform_to
torch.distributions.constraints: Constraint MixtureSameFamilyConstraint boolean cat corr_cholesky dependent
  dependent_property greater_than greater_than_eq half_open_interval independent integer_interval interval is_dependent
  less_than lower_cholesky lower_triangular multinomial nonnegative nonnegative_integer one_hot positive
  positive_definite positive_integer positive_semidefinite real real_vector simplex square stack symmetric unit_interval
torch.distributions.continuous_bernoulli: binary_cross_entropy_with_logits broadcast_all clamp_probs lazy_property
  logits_to_probs probs_to_logits | ContinuousBernoulli | ExponentialFamily Tensor
torch.distributions.dirichlet: Function once_differentiable | Dirichlet | ExponentialFamily Tensor
torch.distributions.distribution: lazy_property | Distribution | Tensor
torch.distributions.exp_family:  | ExponentialFamily | Distribution Tensor
torch.distributions.exponential: broadcast_all | Exponential | ExponentialFamily Tensor
torch.distributions.fishersnedecor: broadcast_all | FisherSnedecor | Distribution Gamma Tensor nan
torch.distributions.gamma: broadcast_all | Gamma | ExponentialFamily Tensor
torch.distributions.generalized_pareto: broadcast_all | GeneralizedPareto | Distribution inf nan
torch.distributions.geometric: binary_cross_entropy_with_logits broadcast_all lazy_property logits_to_probs
  probs_to_logits | Geometric | Distribution Tensor
torch.distributions.gumbel: broadcast_all euler_constant | Gumbel | AffineTransform ExpTransform Tensor
  TransformedDistribution Uniform
torch.distributions.half_cauchy:  | HalfCauchy | AbsTransform Cauchy Tensor TransformedDistribution inf
torch.distributions.half_normal:  | HalfNormal | AbsTransform Normal Tensor TransformedDistribution inf
torch.distributions.independent:  | Independent | Distribution Size Tensor
torch.distributions.inverse_gamma:  | InverseGamma | Gamma PowerTransform Tensor TransformedDistribution
torch.distributions.kl:  | kl_divergence register_kl | Bernoulli Beta Binomial Categorical Cauchy ContinuousBernoulli
  Dirichlet Distribution Exponential ExponentialFamily Gamma Geometric Gumbel HalfNormal Independent Laplace
  LowRankMultivariateNormal MultivariateNormal Normal OneHotCategorical Pareto Poisson Tensor TransformedDistribution
  Uniform inf
torch.distributions.kumaraswamy: broadcast_all euler_constant | Kumaraswamy | AffineTransform PowerTransform Tensor
  TransformedDistribution Uniform nan
torch.distributions.laplace: broadcast_all | Laplace | Distribution Tensor
torch.distributions.lkj_cholesky: broadcast_all | LKJCholesky | Beta Distribution Tensor
torch.distributions.log_normal:  | LogNormal | ExpTransform Normal Tensor TransformedDistribution
torch.distributions.logistic_normal:  | LogisticNormal | Independent Normal StickBreakingTransform Tensor
  TransformedDistribution
torch.distributions.lowrank_multivariate_normal: lazy_property | LowRankMultivariateNormal | Distribution Tensor
torch.distributions.mixture_same_family: MixtureSameFamilyConstraint | MixtureSameFamily | Categorical Distribution
  Tensor
torch.distributions.multinomial: broadcast_all | Multinomial | Binomial Categorical Distribution Tensor inf
torch.distributions.multivariate_normal: lazy_property | MultivariateNormal | Distribution Tensor
torch.distributions.negative_binomial: broadcast_all lazy_property logits_to_probs probs_to_logits | NegativeBinomial |
  Distribution Gamma Tensor
torch.distributions.normal: broadcast_all | Normal | ExponentialFamily Tensor
torch.distributions.one_hot_categorical:  | OneHotCategorical OneHotCategoricalStraightThrough | Categorical
  Distribution Tensor
torch.distributions.pareto: broadcast_all | Pareto | AffineTransform ExpTransform Exponential Tensor
  TransformedDistribution
torch.distributions.poisson: broadcast_all | Poisson | ExponentialFamily Tensor
torch.distributions.relaxed_bernoulli: LogitRelaxedBernoulli broadcast_all clamp_probs lazy_property logits_to_probs
  probs_to_logits | RelaxedBernoulli | Distribution SigmoidTransform Tensor TransformedDistribution
torch.distributions.relaxed_categorical: ExpRelaxedCategorical broadcast_all clamp_probs | RelaxedOneHotCategorical |
  Categorical Distribution ExpTransform Tensor TransformedDistribution
torch.distributions.studentT: broadcast_all | StudentT | Chi2 Distribution Tensor inf nan
torch.distributions.transformed_distribution:  | TransformedDistribution | ComposeTransform Distribution Independent
  Tensor Transform
torch.distributions.transforms: broadcast_all lazy_property pad softplus tril_matrix_to_vec vec_to_tril_matrix |
  AbsTransform AffineTransform CatTransform ComposeTransform CorrCholeskyTransform CumulativeDistributionTransform
  ExpTransform IndependentTransform LowerCholeskyTransform PositiveDefiniteTransform PowerTransform ReshapeTransform
  SigmoidTransform SoftmaxTransform SoftplusTransform StackTransform StickBreakingTransform TanhTransform Transform
  identity_transform | Distribution Tensor
torch.distributions.uniform: broadcast_all | Uniform | Distribution Tensor nan
torch.distributions.utils: broadcast_all clamp_probs euler_constant is_tensor_like lazy_property logits_to_probs
  probs_to_logits tril_matrix_to_vec vec_to_tril_matrix |  | SymInt Tensor
torch.distributions.von_mises: broadcast_all lazy_property | VonMises | Distribution Tensor
torch.distributions.weibull: broadcast_all euler_constant | Weibull | AffineTransform Exponential PowerTransform Tensor
  TransformedDistribution
torch.distributions.wishart: lazy_property | Wishart | ExponentialFamily Tensor nan
torch.export: AdditionalInputs CustomDecompTable DEFAULT_PICKLE_PROTOCOL Dim ExportBackwardSignature
  ExportGraphSignature ExportedProgram FlatArgsAdapter ModuleCallEntry ModuleCallSignature PassResult ShapesCollection
  UnflattenedModule default_decompositions dims draft_export export load register_dataclass save unflatten |  |  *
torch.fft: common_args factory_common_args fft fft2 fftfreq fftn fftshift hfft hfft2 hfftn ifft ifft2 ifftn ifftshift
  ihfft ihfft2 ihfftn irfft irfft2 irfftn rfft rfft2 rfftfreq rfftn |  | Tensor
torch.func: debug_unwrap functional_call functionalize grad grad_and_value hessian jacfwd jacrev jvp linearize rearrange
  replace_all_batch_norm_modules_ stack_module_state vjp | vmap
torch.functional: boolean_dispatch handle_torch_function has_torch_function has_torch_function_unary
  has_torch_function_variadic overload | atleast_1d atleast_2d atleast_3d block_diag broadcast_shapes broadcast_tensors
  cartesian_prod cdist chain_matmul einsum lu meshgrid norm split stft tensordot unique unique_consecutive unravel_index
  | TYPE_CHECKING Tensor istft pca_lowrank svd_lowrank
torch.futures: Future collect_all wait_all |  | TYPE_CHECKING
torch.fx: CodeGen Graph GraphModule Interpreter Node PH Proxy ProxyableClassMeta Tracer Transformer has_side_effect
  map_arg replace_pattern symbolic_trace wrap |  |  *
torch.hub: DEFAULT_CACHE_DIR ENV_GITHUB_TOKEN ENV_TORCH_HOME ENV_XDG_CACHE_HOME MODULE_HUBCONF READ_DATA_CHUNK
  VAR_DEPENDENCY download_url_to_file get_dir help list load load_state_dict_from_url set_dir
torch.jit: Attribute Error Future ONNXTracedModule RecursiveScriptClass RecursiveScriptModule ScriptModule ScriptWarning
  TopLevelTracedModule TracedModule TracerWarning TracingCheckError annotate enable_onednn_fusion export export_opnames
  fork freeze fuser ignore interface is_scripting is_tracing isinstance jit_module_from_flatbuffer
  last_executed_optimized_graph load onednn_fusion_enabled optimize_for_inference optimized_execution
  run_frozen_optimizations save save_jit_module_to_flatbuffer script script_if_tracing script_method set_fusion_strategy
  set_module strict_fusion trace trace_module unused wait | CompilationUnit ScriptFunction |  *
torch.library: CustomOpDef EffectType Library OpOverload custom_op define fallthrough_kernel get_ctx get_kernel impl
  impl_abstract infer_schema opcheck register_autocast register_autograd register_fake register_kernel
  register_torch_dispatch register_vmap triton_op wrap_triton |  | TYPE_CHECKING
torch.linalg: LinAlgError cholesky cholesky_ex common_notes cond cross det diagonal eig eigh eigvals eigvalsh
  householder_product inv inv_ex ldl_factor ldl_factor_ex ldl_solve lstsq lu lu_factor lu_factor_ex lu_solve matmul
  matrix_exp matrix_norm matrix_power matrix_rank multi_dot norm pinv qr slogdet solve solve_ex solve_triangular svd
  svdvals tensorinv tensorsolve vander vecdot vector_norm
torch.monitor: Aggregation COUNT Event EventHandlerHandle MAX MEAN MIN STAT_EVENT SUM Stat TensorboardEventHandler VALUE
  data_value_t log_event register_event_handler unregister_event_handler |  | TYPE_CHECKING
torch.mps: Event compile_shader current_allocated_memory device_count driver_allocated_memory empty_cache get_rng_state
  is_available load_metallib manual_seed recommended_max_memory seed set_per_process_memory_fraction set_rng_state
  synchronize |  | Tensor
torch.mps.event:  | Event
torch.mps.profiler: is_capturing_metal is_metal_capture_enabled metal_capture profile start stop
torch.multiprocessing: ENV_VAR_PARALLEL_START ProcessContext ProcessExitedException ProcessRaisedException SpawnContext
  get_all_sharing_strategies get_sharing_strategy init_reductions set_sharing_strategy spawn start_processes
torch.multiprocessing.pool: Pool SimpleQueue clean_worker
torch.multiprocessing.queue: ConnectionWrapper Queue SimpleQueue
torch.multiprocessing.reductions: SharedCache StorageWeakRef fd_id rebuild_cuda_tensor rebuild_event rebuild_meta_tensor
  rebuild_nested_tensor rebuild_sparse_compressed_tensor rebuild_sparse_coo_tensor rebuild_storage_empty
  rebuild_storage_fd rebuild_storage_filename rebuild_tensor rebuild_typed_storage rebuild_typed_storage_child
  reduce_event reduce_nested_tensor reduce_sparse_tensor reduce_storage reduce_tensor reduce_typed_storage
  reduce_typed_storage_child shared_cache storage_from_cache | init_reductions
torch.multiprocessing.spawn: ProcessException | ProcessContext ProcessExitedException ProcessRaisedException
  SpawnContext spawn start_processes | ENV_VAR_PARALLEL_START
torch.nested: DType Device as_nested_tensor masked_select narrow nested_tensor nested_tensor_from_jagged
  to_padded_tensor |  | SymInt Tensor
torch.nn: AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveLogSoftmaxWithLoss AdaptiveMaxPool1d
  AdaptiveMaxPool2d AdaptiveMaxPool3d AlphaDropout AvgPool1d AvgPool2d AvgPool3d BCELoss BCEWithLogitsLoss BatchNorm1d
  BatchNorm2d BatchNorm3d Bilinear Buffer CELU CTCLoss ChannelShuffle CircularPad1d CircularPad2d CircularPad3d
  ConstantPad1d ConstantPad2d ConstantPad3d Container Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d
  ConvTranspose3d CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss CrossMapLRN2d DataParallel Dropout Dropout1d
  Dropout2d Dropout3d ELU Embedding EmbeddingBag FeatureAlphaDropout Flatten Fold FractionalMaxPool2d
  FractionalMaxPool3d GELU GLU GRU GRUCell GaussianNLLLoss GroupNorm Hardshrink Hardsigmoid Hardswish Hardtanh
  HingeEmbeddingLoss HuberLoss Identity InstanceNorm1d InstanceNorm2d InstanceNorm3d KLDivLoss L1Loss LPPool1d LPPool2d
  LPPool3d LSTM LSTMCell LayerNorm LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d
  LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d
  LazyLinear LeakyReLU Linear LinearCrossEntropyLoss LinearCrossEntropyOptions LocalResponseNorm LogSigmoid LogSoftmax
  MSELoss MarginRankingLoss MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d Mish Module ModuleDict
  ModuleList MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss MultiheadAttention NLLLoss NLLLoss2d PReLU
  PairwiseDistance Parameter ParameterDict ParameterList PixelShuffle PixelUnshuffle PoissonNLLLoss RMSNorm RNN RNNBase
  RNNCell RNNCellBase RReLU ReLU ReLU6 ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d
  ReplicationPad3d SELU Sequential SiLU Sigmoid SmoothL1Loss SoftMarginLoss Softmax Softmax2d Softmin Softplus
  Softshrink Softsign SyncBatchNorm Tanh Tanhshrink Threshold Transformer TransformerDecoder TransformerDecoderLayer
  TransformerEncoder TransformerEncoderLayer TripletMarginLoss TripletMarginWithDistanceLoss Unflatten Unfold
  UninitializedBuffer UninitializedParameter Upsample UpsamplingBilinear2d UpsamplingNearest2d ZeroPad1d ZeroPad2d
  ZeroPad3d factory_kwargs
torch.nn.attention: SDPAParams SDPBackend WARN_FOR_UNFUSED_KERNELS activate_flash_attention_impl
  can_use_efficient_attention can_use_flash_attention current_flash_attention_impl list_flash_attention_impls
  register_flash_attention_impl restore_flash_attention_impl sdpa_kernel
torch.nn.attention.bias: CausalBias CausalVariant causal_lower_right causal_upper_left is_flash_attention_available |  |
  SDPAParams can_use_efficient_attention can_use_flash_attention warn
torch.nn.attention.experimental:
torch.nn.attention.flex_attention: AuxOutput AuxRequest BlockMask FlexKernelOptions GetAttrKey TreeSpec and_masks
  create_block_mask create_mask flex_attention flex_attention_hop noop_mask or_masks setup_compilation_env tree_flatten
  tree_map_only tree_unflatten |  | Tensor
torch.nn.attention.varlen: AuxRequest flop_registry varlen_attn varlen_attn_out
torch.nn.backends:
torch.nn.backends.thnn:
torch.nn.common_types:  |  | Tensor
torch.nn.cpp: ModuleWrapper OrderedDictWrapper
torch.nn.functional: BroadcastingList1 BroadcastingList2 BroadcastingList3 GRID_SAMPLE_INTERPOLATION_MODES
  GRID_SAMPLE_PADDING_MODES ScalingType SwizzleType adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d
  adaptive_max_pool1d_with_indices adaptive_max_pool2d adaptive_max_pool2d_with_indices adaptive_max_pool3d
  adaptive_max_pool3d_with_indices affine_grid alpha_dropout assert_int_or_pair avg_pool2d avg_pool3d batch_norm
  binary_cross_entropy binary_cross_entropy_with_logits boolean_dispatch celu cosine_embedding_loss cross_entropy
  ctc_loss dropout dropout1d dropout2d dropout3d elu elu_ embedding embedding_bag feature_alpha_dropout fold
  fractional_max_pool2d fractional_max_pool2d_with_indices fractional_max_pool3d fractional_max_pool3d_with_indices
  gaussian_nll_loss gelu glu grid_sample group_norm grouped_mm gumbel_softmax handle_torch_function hardsigmoid
  hardswish hardtanh hardtanh_ has_torch_function has_torch_function_unary has_torch_function_variadic
  hinge_embedding_loss huber_loss instance_norm interpolate kl_div l1_loss layer_norm leaky_relu leaky_relu_ linear
  linear_cross_entropy local_response_norm log_softmax logsigmoid lp_pool1d lp_pool2d lp_pool3d margin_ranking_loss
  max_pool1d max_pool1d_with_indices max_pool2d max_pool2d_with_indices max_pool3d max_pool3d_with_indices max_unpool1d
  max_unpool2d max_unpool3d mish mse_loss multi_head_attention_forward multi_margin_loss multilabel_margin_loss
  multilabel_soft_margin_loss nll_loss normalize one_hot pad poisson_nll_loss relu relu6 reproducibility_notes rms_norm
  rrelu scaled_dot_product_attention scaled_grouped_mm scaled_mm selu sigmoid silu smooth_l1_loss soft_margin_loss
  softmax softmin softplus softshrink softsign sparse_support_notes tanh tanhshrink tf32_notes threshold
  triplet_margin_loss triplet_margin_with_distance_loss unfold upsample upsample_bilinear upsample_nearest |  |
  TYPE_CHECKING Tensor adaptive_avg_pool1d avg_pool1d bilinear celu_ channel_shuffle conv1d conv2d conv3d conv_tbc
  conv_transpose1d conv_transpose2d conv_transpose3d cosine_similarity hardshrink native_channel_shuffle
  pairwise_distance pdist pixel_shuffle pixel_unshuffle prelu relu_ rrelu_ selu_ threshold_
torch.nn.grad: conv1d_input conv1d_weight conv2d_input conv2d_weight conv3d_input conv3d_weight
torch.nn.init: calculate_gain constant constant_ dirac dirac_ eye eye_ kaiming_normal kaiming_normal_ kaiming_uniform
  kaiming_uniform_ normal normal_ ones_ orthogonal orthogonal_ sparse sparse_ trunc_normal_ uniform uniform_
  xavier_normal xavier_normal_ xavier_uniform xavier_uniform_ zeros_ |  | Tensor
torch.nn.modules:  |  | AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveLogSoftmaxWithLoss
  AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AlphaDropout AvgPool1d AvgPool2d AvgPool3d BCELoss
  BCEWithLogitsLoss BatchNorm1d BatchNorm2d BatchNorm3d Bilinear CELU CTCLoss ChannelShuffle CircularPad1d CircularPad2d
  CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d Container Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d
  ConvTranspose3d CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss CrossMapLRN2d Dropout Dropout1d Dropout2d
  Dropout3d ELU Embedding EmbeddingBag FeatureAlphaDropout Flatten Fold FractionalMaxPool2d FractionalMaxPool3d GELU GLU
  GRU GRUCell GaussianNLLLoss GroupNorm Hardshrink Hardsigmoid Hardswish Hardtanh HingeEmbeddingLoss HuberLoss Identity
  InstanceNorm1d InstanceNorm2d InstanceNorm3d KLDivLoss L1Loss LPPool1d LPPool2d LPPool3d LSTM LSTMCell LayerNorm
  LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d
  LazyConvTranspose2d LazyConvTranspose3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d LazyLinear LeakyReLU
  Linear LinearCrossEntropyLoss LinearCrossEntropyOptions LocalResponseNorm LogSigmoid LogSoftmax MSELoss
  MarginRankingLoss MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d Mish Module ModuleDict ModuleList
  MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss MultiheadAttention NLLLoss NLLLoss2d PReLU
  PairwiseDistance ParameterDict ParameterList PixelShuffle PixelUnshuffle PoissonNLLLoss RMSNorm RNN RNNBase RNNCell
  RNNCellBase RReLU ReLU ReLU6 ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d
  ReplicationPad3d SELU Sequential SiLU Sigmoid SmoothL1Loss SoftMarginLoss Softmax Softmax2d Softmin Softplus
  Softshrink Softsign SyncBatchNorm Tanh Tanhshrink Threshold Transformer TransformerDecoder TransformerDecoderLayer
  TransformerEncoder TransformerEncoderLayer TripletMarginLoss TripletMarginWithDistanceLoss Unflatten Unfold Upsample
  UpsamplingBilinear2d UpsamplingNearest2d ZeroPad1d ZeroPad2d ZeroPad3d
torch.nn.modules.activation: NonDynamicallyQuantizableLinear constant_ xavier_normal_ xavier_uniform_ | CELU ELU GELU
  GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish MultiheadAttention PReLU RReLU ReLU
  ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold | Module
  Parameter Tensor
torch.nn.modules.adaptive:  | AdaptiveLogSoftmaxWithLoss | Linear Module ModuleList Sequential Tensor
torch.nn.modules.batchnorm: LazyModuleMixin sync_batch_norm | BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d
  LazyBatchNorm2d LazyBatchNorm3d SyncBatchNorm | Module Parameter Tensor UninitializedBuffer UninitializedParameter
torch.nn.modules.channelshuffle:  | ChannelShuffle | Module Tensor
torch.nn.modules.container:  | Container ModuleDict ModuleList ParameterDict ParameterList Sequential | Module Parameter
  TYPE_CHECKING
torch.nn.modules.conv: LazyModuleMixin convolution_notes reproducibility_notes | Conv1d Conv2d Conv3d ConvTranspose1d
  ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d
  LazyConvTranspose3d | Module Parameter Tensor UninitializedParameter
torch.nn.modules.distance:  | CosineSimilarity PairwiseDistance | Module Tensor
torch.nn.modules.dropout:  | AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout | Module Tensor
torch.nn.modules.flatten:  | Flatten Unflatten | Module Tensor
torch.nn.modules.fold:  | Fold Unfold | Module Tensor
torch.nn.modules.instancenorm:  | InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d
  LazyInstanceNorm3d | Tensor
torch.nn.modules.lazy: LazyModuleMixin is_lazy
torch.nn.modules.linear: LazyModuleMixin NonDynamicallyQuantizableLinear | Bilinear Identity LazyLinear Linear | Module
  Parameter Tensor UninitializedParameter
torch.nn.modules.linear_cross_entropy:
torch.nn.modules.linear_cross_entropy_options:  | LinearCrossEntropyOptions
torch.nn.modules.loss:  | BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss
  HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss LinearCrossEntropyLoss MSELoss MarginRankingLoss MultiLabelMarginLoss
  MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss
  TripletMarginLoss TripletMarginWithDistanceLoss | Linear LinearCrossEntropyOptions Module PairwiseDistance Tensor
torch.nn.modules.module: BackwardHook RemovableHandle is_traceable_wrapper_subclass register_module_backward_hook
  register_module_buffer_registration_hook register_module_forward_hook register_module_forward_pre_hook
  register_module_full_backward_hook register_module_full_backward_pre_hook register_module_module_registration_hook
  register_module_parameter_registration_hook | Module | Buffer Parameter Tensor device dtype
torch.nn.modules.normalization:  | CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm | Module Parameter Size
  Tensor
torch.nn.modules.padding:  | CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d
  ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d
  ZeroPad3d | Module Tensor
torch.nn.modules.pixelshuffle:  | PixelShuffle PixelUnshuffle | Module Tensor
torch.nn.modules.pooling:  | AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d
  AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d
  MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d | Module Tensor
torch.nn.modules.rnn: PackedSequence apply_permutation | GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase |
  Module Parameter Tensor
torch.nn.modules.sparse:  | Embedding EmbeddingBag | Module Parameter Tensor
torch.nn.modules.transformer: xavier_uniform_ | Transformer TransformerDecoder TransformerDecoderLayer
  TransformerEncoder TransformerEncoderLayer | Dropout LayerNorm Linear Module ModuleList MultiheadAttention Tensor
torch.nn.modules.upsampling:  | Upsample UpsamplingBilinear2d UpsamplingNearest2d | Module Tensor
torch.nn.modules.utils: consume_prefix_in_state_dict_if_present
torch.nn.parallel: DistributedDataParallel DistributedDataParallelCPU data_parallel gather parallel_apply replicate
  scatter |  | DataParallel
torch.nn.parallel.comm: broadcast broadcast_coalesced gather reduce_add reduce_add_coalesced scatter
torch.nn.parallel.data_parallel: scatter_kwargs | DataParallel data_parallel | Module gather parallel_apply replicate
torch.nn.parallel.distributed: Function Join JoinHook Joinable RPC_AVAILABLE RRef ReduceOp Variable scatter_kwargs
  tree_flatten tree_unflatten | DistributedDataParallel | Module TYPE_CHECKING gather
torch.nn.parallel.parallel_apply: ExceptionWrapper get_a_var | parallel_apply | Module
torch.nn.parallel.replicate:  | replicate | Module TYPE_CHECKING
torch.nn.parallel.scatter_gather: Gather Scatter is_namedtuple scatter_kwargs | gather scatter | deprecated
torch.nn.parameter: UninitializedTensorMixin is_lazy | Buffer Parameter UninitializedBuffer UninitializedParameter
torch.nn.utils: clip_grad_norm clip_grad_norm_ clip_grad_value_ clip_grads_with_norm_
  convert_conv2d_weight_memory_format convert_conv3d_weight_memory_format fuse_conv_bn_eval fuse_conv_bn_weights
  fuse_linear_bn_eval fuse_linear_bn_weights get_total_norm parameters_to_vector remove_spectral_norm remove_weight_norm
  skip_init spectral_norm vector_to_parameters weight_norm
torch.nn.utils.clip_grad:  | clip_grad_norm clip_grad_norm_ clip_grad_value_ | Tensor
torch.nn.utils.convert_parameters:  | parameters_to_vector vector_to_parameters
torch.nn.utils.fusion:  | fuse_conv_bn_eval fuse_conv_bn_weights fuse_linear_bn_eval fuse_linear_bn_weights
torch.nn.utils.init:  | skip_init
torch.nn.utils.memory_format:  | convert_conv2d_weight_memory_format convert_conv3d_weight_memory_format
torch.nn.utils.parametrizations: orthogonal spectral_norm weight_norm |  | Module Tensor
torch.nn.utils.parametrize: OpaqueBase ParametrizationList cached get_swap_module_params_on_conversion
  is_opaque_reference_type is_parametrized is_traceable_wrapper_subclass register_parametrization
  remove_parametrizations transfer_parametrizations_and_params type_before_parametrizations |  | Module ModuleDict
  ModuleList Parameter Tensor
torch.nn.utils.prune: BasePruningMethod CustomFromMask Identity L1Unstructured LnStructured PruningContainer
  RandomStructured RandomUnstructured custom_from_mask global_unstructured identity is_pruned l1_unstructured
  ln_structured random_structured random_unstructured remove
torch.nn.utils.rnn: PackedSequence PackedSequence_ bind copy_method_params invert_permutation pack_padded_sequence
  pack_sequence pad_packed_sequence pad_sequence unpack_sequence unpad_sequence |  | Tensor
torch.nn.utils.spectral_norm: SpectralNorm SpectralNormLoadStateDictPreHook SpectralNormStateDictHook |
  remove_spectral_norm spectral_norm | Module
torch.nn.utils.stateless: NamedMemberAccessor functional_call |  | Tensor
torch.nn.utils.weight_norm: WeightNorm | remove_weight_norm weight_norm | Module Parameter UninitializedParameter
  norm_except_dim
torch.optim: ASGD Adadelta Adafactor Adagrad Adam AdamW Adamax LBFGS Muon NAdam Optimizer RAdam RMSprop Rprop SGD
  SparseAdam swap_in_optimizer_params_and_state
torch.optim.adadelta: adadelta | Adadelta | Optimizer Tensor
torch.optim.adagrad: adagrad | Adagrad | Optimizer Tensor
torch.optim.adam: adam | Adam | Optimizer Tensor
torch.optim.adamax: adamax | Adamax | Optimizer Tensor
torch.optim.adamw: adam adamw | AdamW | Adam Tensor
torch.optim.asgd: asgd | ASGD | Optimizer Tensor
torch.optim.lbfgs:  | LBFGS | Optimizer Tensor
torch.optim.lr_scheduler: ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts CyclicLR
  EPOCH_DEPRECATION_WARNING ExponentialLR LRScheduler LambdaLR LinearLR MultiStepLR MultiplicativeLR OneCycleLR
  PolynomialLR ReduceLROnPlateau SequentialLR StepLR |  | Optimizer TYPE_CHECKING Tensor inf
torch.optim.nadam: nadam | NAdam | Optimizer Tensor
torch.optim.optimizer: RemovableHandle register_optimizer_step_post_hook register_optimizer_step_pre_hook required |
  Optimizer
torch.optim.radam: radam | RAdam | Optimizer Tensor
torch.optim.rmsprop: rmsprop | RMSprop | Optimizer Tensor
torch.optim.rprop: rprop | Rprop | Optimizer Tensor
torch.optim.sgd: sgd | SGD | Optimizer Tensor
torch.optim.sparse_adam:  | SparseAdam | Optimizer Tensor
torch.optim.swa_utils: AveragedModel LRScheduler Module SWALR get_ema_avg_fn get_ema_multi_avg_fn get_swa_avg_fn
  get_swa_multi_avg_fn update_bn |  | TYPE_CHECKING Tensor
torch.overrides: BaseTorchFunctionMode TorchFunctionMode enable_reentrant_dispatch get_default_nowrap_functions
  get_ignored_functions get_overridable_functions get_testing_overrides handle_torch_function has_torch_function
  has_torch_function_unary has_torch_function_variadic is_tensor_like is_tensor_method_or_property redispatch_function
  resolve_name wrap_torch_function
torch.profiler: DeviceType ExecutionTraceObserver KinetoStepTracker Optimizer ProfilerAction ProfilerActivity
  RecordScope is_fbcode kineto_available profile record_function register_optimizer_step_post_hook schedule
  supported_activities tensorboard_trace_handler
torch.profiler.itt: is_available mark range range_pop range_push
torch.profiler.profiler: MemoryProfile MemoryProfileTimeline PROFILER_STEP_NAME | ExecutionTraceObserver ProfilerAction
  profile schedule supported_activities tensorboard_trace_handler | ProfilerActivity TYPE_CHECKING is_fbcode
  kineto_available profiler_allow_cudagraph_cupti_lazy_reinit_cuda12
torch.profiler.python_tracer:
torch.quasirandom: SobolEngine
torch.random: fork_rng manual_seed | get_rng_state initial_seed seed set_rng_state thread_safe_generator | TYPE_CHECKING
  default_generator
torch.return_types: SequenceKey all_return_types aminmax aminmax_out cummax cummax_out cummin cummin_out frexp frexp_out
  geqrf geqrf_out histogram histogram_out histogramdd kthvalue kthvalue_out linalg_cholesky_ex linalg_cholesky_ex_out
  linalg_eig linalg_eig_out linalg_eigh linalg_eigh_out linalg_inv_ex linalg_inv_ex_out linalg_ldl_factor
  linalg_ldl_factor_ex linalg_ldl_factor_ex_out linalg_ldl_factor_out linalg_lstsq linalg_lstsq_out linalg_lu
  linalg_lu_factor linalg_lu_factor_ex linalg_lu_factor_ex_out linalg_lu_factor_out linalg_lu_out linalg_qr
  linalg_qr_out linalg_slogdet linalg_slogdet_out linalg_solve_ex linalg_solve_ex_out linalg_svd linalg_svd_out
  lu_unpack lu_unpack_out max max_out median median_out min min_out mode mode_out name nanmedian nanmedian_out
  pytree_register_structseq qr qr_out register_pytree_node slogdet slogdet_out sort sort_out svd svd_out topk topk_out
  triangular_solve triangular_solve_out
torch.serialization: DEFAULT_PROTOCOL INT_SIZE IS_WINDOWS LONG_SIZE LoadEndianness MAGIC_NUMBER MAP_PRIVATE MAP_SHARED
  PROTOCOL_VERSION SHORT_SIZE STORAGE_KEY_SEPARATOR SourceChangeWarning Storage StorageType UNSAFE_MESSAGE
  add_safe_globals check_module_version_greater_or_equal clear_safe_globals default_restore_location get_crc32_options
  get_default_load_endianness get_default_mmap_options get_safe_globals get_source_lines_and_file
  get_unsafe_globals_in_checkpoint location_tag mkdtemp normalize_storage_type register_package safe_globals
  set_crc32_options set_default_load_endianness set_default_mmap_options skip_data storage_to_tensor_type
  validate_cuda_device validate_hpu_device | load save
torch.signal:
torch.signal.windows: bartlett blackman cosine exponential gaussian general_cosine general_hamming hamming hann kaiser
  nuttall
torch.signal.windows.windows: factory_common_args merge_dicts parse_kwargs window_common_args | bartlett blackman cosine
  exponential gaussian general_cosine general_hamming hamming hann kaiser nuttall | Tensor
torch.sparse: BFloat16Tensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor ShortTensor
  SparseSemiStructuredTensor SparseSemiStructuredTensorCUSPARSELT SparseSemiStructuredTensorCUTLASS addmm
  as_sparse_gradcheck check_sparse_tensor_invariants log_softmax mm sampled_addmm softmax spdiags spsolve sum
  to_sparse_semi_structured |  | TYPE_CHECKING Tensor
torch.special: airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 chebyshev_polynomial_t chebyshev_polynomial_u
  chebyshev_polynomial_v chebyshev_polynomial_w common_args digamma entr erf erfc erfcx erfinv exp2 expit expm1 gammainc
  gammaincc gammaln hermite_polynomial_h hermite_polynomial_he i0 i0e i1 i1e laguerre_polynomial_l legendre_polynomial_p
  log1p log_ndtr log_softmax logit logsumexp modified_bessel_i0 modified_bessel_i1 modified_bessel_k0 modified_bessel_k1
  multi_dim_common multigammaln ndtr ndtri polygamma psi round scaled_modified_bessel_k0 scaled_modified_bessel_k1
  shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v
  shifted_chebyshev_polynomial_w sinc softmax spherical_bessel_j0 xlog1py xlogy zeta |  | Tensor
torch.storage: HAS_NUMPY Storage | TypedStorage UntypedStorage | TYPE_CHECKING
torch.testing: assert_allclose assert_close make_tensor |  | FileCheck *
torch.torch_version: InvalidVersion TorchVersion Version cmp_method internal_version
torch.types: Storage py_sym_types |  | DispatchKey Size SymBool SymFloat SymInt TYPE_CHECKING Tensor
torch.utils: ThroughputBenchmark cmake_prefix_path generate_methods_for_privateuse1_backend get_cpp_backtrace
  rename_privateuse1_backend set_module swap_tensors
torch.utils.backend_registration: handle_torch_function has_torch_function_unary |
  generate_methods_for_privateuse1_backend rename_privateuse1_backend
torch.utils.benchmark: CallgrindStats Colorize Compare CopyIfCallgrind FunctionCount FunctionCounts FuzzedParameter
  FuzzedSparseTensor FuzzedTensor Fuzzer Language Measurement ParameterAlias TaskSpec Timer ordered_unique select_unit
  set_torch_threads timer trim_sigfig unit_to_english |  |  *
torch.utils.bundled_inputs: InflatableArg MAX_RAW_TENSOR_SIZE augment_many_model_functions_with_bundled_inputs
  augment_model_with_bundled_inputs bundle_inputs bundle_large_tensor bundle_randn wrap_cpp_module |  | ListType
  TupleType
torch.utils.checkpoint: CheckpointError CheckpointFunction CheckpointPolicy DefaultDeviceType GraphExecGroup
  LoggingTensorMode SAC_IGNORED_OPS SavedTensor SelectiveCheckpointContext TorchDispatchMode capture_logs
  check_backward_validity checkpoint checkpoint_sequential create_selective_checkpoint_contexts detach_variable
  get_device_states noop_context_fn set_checkpoint_debug_enabled set_checkpoint_early_stop set_device_states tree_map |
  | TYPE_CHECKING
torch.utils.cpp_backtrace:  | get_cpp_backtrace
torch.utils.cpp_extension: ABI_INCOMPATIBILITY_WARNING CLIB_EXT CLIB_PREFIX COMMON_HIPCC_FLAGS COMMON_HIP_FLAGS
  COMMON_MSVC_FLAGS COMMON_NVCC_FLAGS CUDAExtension CUDA_CLANG_VERSIONS CUDA_GCC_VERSIONS CUDA_MISMATCH_MESSAGE
  CUDA_MISMATCH_WARN CUDA_NOT_FOUND_MESSAGE CppExtension EXEC_EXT ExtensionVersioner FileBaton IS_HIP_EXTENSION IS_LINUX
  IS_MACOS IS_WINDOWS JIT_EXTENSION_VERSIONER LIB_EXT MINIMUM_CLANG_VERSION MINIMUM_GCC_VERSION MINIMUM_MSVC_VERSION
  MSVC_IGNORE_CUDAFE_WARNINGS PLAT_TO_VCVARS SHARED_FLAG SUBPROCESS_DECODE_ARGS SyclExtension TORCH_LIB_PATH
  TorchVersion Version WRONG_COMPILER_WARNING check_compiler_is_gcc check_compiler_ok_for_platform
  get_compiler_abi_compatibility_and_version get_cxx_compiler get_default_build_root include_paths is_ninja_available
  library_paths load load_inline min_supported_cpython remove_extension_h_precompiler_headers verify_ninja_availability
  |  | CUDA_HOME CUDNN_HOME HIP_HOME ROCM_HOME ROCM_VERSION SYCL_HOME TYPE_CHECKING WINDOWS_CUDA_HOME
torch.utils.data: BatchSampler ChainDataset ConcatDataset DFIterDataPipe DataChunk DataLoader Dataset DistributedSampler
  IterDataPipe IterableDataset MapDataPipe RandomSampler Sampler SequentialSampler StackDataset Subset
  SubsetRandomSampler TensorDataset WeightedRandomSampler argument_validation default_collate default_convert
  functional_datapipe get_worker_info guaranteed_datapipes_determinism non_deterministic random_split runtime_validation
  runtime_validation_disabled
torch.utils.data.backward_compatibility: worker_init_fn
torch.utils.data.dataloader: ExceptionWrapper | DataLoader | BatchSampler Dataset IterDataPipe IterableDataset
  MapDataPipe RandomSampler Sampler SequentialSampler TYPE_CHECKING default_collate default_convert get_worker_info
torch.utils.data.dataset:  | ChainDataset ConcatDataset Dataset IterableDataset StackDataset Subset TensorDataset
  random_split | Generator Tensor default_generator randperm
torch.utils.data.distributed:  | DistributedSampler | Dataset Sampler
torch.utils.data.graph: dill_available traverse traverse_dps |  | IterDataPipe MapDataPipe
torch.utils.data.graph_settings: SHARDING_PRIORITIES apply_random_seed apply_sharding apply_shuffle_seed
  apply_shuffle_settings get_all_graph_pipes traverse_dps
torch.utils.data.sampler:  | BatchSampler RandomSampler Sampler SequentialSampler SubsetRandomSampler
  WeightedRandomSampler
torch.utils.debug_log: debug_grad_log leaf_function
torch.utils.deterministic:
torch.utils.dlpack: DLDeviceType | from_dlpack | to_dlpack
torch.utils.file_baton: FileBaton
torch.utils.flop_counter: FlopCounterMode ModuleTracker TorchDispatchMode addmm_flop baddbmm_flop bmm_flop
  conv_backward_flop conv_flop conv_flop_count convert_num_with_suffix convert_to_percent_str flop_registry get_shape
  get_suffix_str mm_flop normalize_tuple register_flop_formula sdpa_backward_flop sdpa_backward_flop_count sdpa_flop
  sdpa_flop_count shape_wrapper suffixes tree_flatten tree_map tree_unflatten
torch.utils.hooks: BackwardHook RemovableHandle unserializable_hook warn_if_has_hooks
torch.utils.mkldnn: MkldnnBatchNorm MkldnnConv1d MkldnnConv2d MkldnnConv3d MkldnnLinear MkldnnPrelu to_mkldnn
torch.utils.mobile_optimizer: LintCode MobileOptimizerType generate_mobile_module_lints optimize_for_mobile
torch.utils.model_zoo: load_url
torch.utils.module_tracker: ModuleTracker register_module_forward_hook register_module_forward_pre_hook
  register_multi_grad_hook tree_flatten |  | TYPE_CHECKING
torch.utils.show_pickle: DumpUnpickler FakeClass FakeObject main
torch.utils.throughput_benchmark: ExecutionStats format_time | ThroughputBenchmark
torch.utils.weak: TensorWeakRef WeakIdKeyDictionary WeakIdRef WeakTensorKeyDictionary |  | Tensor
torch.version: cuda debug git_version xpu |  | hip rocm
torch.xpu: Event MemPool Stream StreamContext XPUGraph XPUPluggableAllocator can_device_access_peer
  change_current_allocator clock_rate current_device current_stream default_generators device device_count
  device_memory_used device_of empty_cache get_arch_list get_device_capability get_device_name get_device_properties
  get_gencode_flags get_per_process_memory_fraction get_rng_state get_rng_state_all get_stream_from_external graph
  graph_pool_handle init initial_seed is_available is_bf16_supported is_current_stream_capturing is_initialized
  is_tf32_supported make_graphed_callables manual_seed manual_seed_all max_memory_allocated max_memory_reserved
  mem_get_info memory_allocated memory_reserved memory_snapshot memory_stats memory_stats_as_nested_dict memory_usage
  power_draw reset_accumulated_memory_stats reset_peak_memory_stats seed seed_all set_device
  set_per_process_memory_fraction set_rng_state set_rng_state_all set_stream stream synchronize temperature use_mem_pool
  utilization |  | TYPE_CHECKING *
torch.Tensor: H T abs abs_ absolute absolute_ acos acos_ acosh acosh_ add add_ addbmm addbmm_ addcdiv addcdiv_ addcmul
  addcmul_ addmm addmm_ addmv addmv_ addr addr_ adjoint all allclose amax amin aminmax angle any apply_ arccos arccos_
  arccosh arccosh_ arcsin arcsin_ arcsinh arcsinh_ arctan arctan2 arctan2_ arctan_ arctanh arctanh_ argmax argmin
  argsort argwhere as_strided as_strided_ as_strided_scatter as_subclass asin asin_ asinh asinh_ atan atan2 atan2_ atan_
  atanh atanh_ backward baddbmm baddbmm_ bernoulli bernoulli_ bfloat16 bincount bitwise_and bitwise_and_
  bitwise_left_shift bitwise_left_shift_ bitwise_not bitwise_not_ bitwise_or bitwise_or_ bitwise_right_shift
  bitwise_right_shift_ bitwise_xor bitwise_xor_ bmm bool broadcast_to byte cauchy_ ccol_indices cdouble ceil ceil_
  cfloat chalf char cholesky cholesky_inverse cholesky_solve chunk clamp clamp_ clamp_max clamp_max_ clamp_min
  clamp_min_ clip clip_ clone coalesce col_indices conj conj_physical conj_physical_ const_data_ptr contiguous copy_
  copysign copysign_ corrcoef cos cos_ cosh cosh_ count_nonzero cov cpu cross crow_indices cuda cummax cummin cumprod
  cumprod_ cumsum cumsum_ data data_ptr deg2rad deg2rad_ dense_dim dequantize det detach detach_ device diag diag_embed
  diagflat diagonal diagonal_scatter diff digamma digamma_ dim dim_order dist div div_ divide divide_ dot double dsplit
  dtype eig element_size eq eq_ equal erf erf_ erfc erfc_ erfinv erfinv_ exp exp2 exp2_ exp_ expand expand_as expm1
  expm1_ exponential_ fill_ fill_diagonal_ fix fix_ flatten flip fliplr flipud float float_power float_power_ floor
  floor_ floor_divide floor_divide_ fmax fmin fmod fmod_ frac frac_ frexp gather gcd gcd_ ge ge_ geometric_ geqrf ger
  get_device grad grad_dtype grad_fn greater greater_ greater_equal greater_equal_ gt gt_ half hardshrink hash_tensor
  heaviside heaviside_ histc histogram hsplit hypot hypot_ i0 i0_ igamma igamma_ igammac igammac_ imag index index_add
  index_add_ index_copy index_copy_ index_fill index_fill_ index_put index_put_ index_reduce index_reduce_ index_select
  indices inner int int_repr inverse ipu is_coalesced is_complex is_conj is_contiguous is_cpu is_cuda is_distributed
  is_floating_point is_inference is_ipu is_leaf is_maia is_meta is_mkldnn is_mps is_mtia is_neg is_nested is_nonzero
  is_pinned is_quantized is_same_size is_set_to is_shared is_signed is_sparse is_sparse_csr is_vulkan is_xla is_xpu
  isclose isfinite isinf isnan isneginf isposinf isreal istft item itemsize kron kthvalue layout lcm lcm_ ldexp ldexp_
  le le_ lerp lerp_ less less_ less_equal less_equal_ lgamma lgamma_ log log10 log10_ log1p log1p_ log2 log2_ log_
  log_normal_ log_softmax logaddexp logaddexp2 logcumsumexp logdet logical_and logical_and_ logical_not logical_not_
  logical_or logical_or_ logical_xor logical_xor_ logit logit_ logsumexp long lstsq lt lt_ lu lu_solve mH mT map2_ map_
  masked_fill masked_fill_ masked_scatter masked_scatter_ masked_select matmul matrix_exp matrix_power max maximum mean
  median min minimum mm mode module_load moveaxis movedim msort mtia mul mul_ multinomial multiply multiply_ mv mvlgamma
  mvlgamma_ name nan_to_num nan_to_num_ nanmean nanmedian nanquantile nansum narrow narrow_copy nbytes ndim ndimension
  ne ne_ neg neg_ negative negative_ nelement new new_empty new_empty_strided new_full new_ones new_tensor new_zeros
  nextafter nextafter_ nonzero nonzero_static norm normal_ not_equal not_equal_ numel numpy orgqr ormqr outer output_nr
  permute pin_memory pinverse polygamma polygamma_ positive pow pow_ prelu prod put put_ q_per_channel_axis
  q_per_channel_scales q_per_channel_zero_points q_scale q_zero_point qr qscheme quantile rad2deg rad2deg_ random_ ravel
  real reciprocal reciprocal_ record_stream register_hook register_post_accumulate_grad_hook reinforce relu relu_
  remainder remainder_ renorm renorm_ repeat repeat_interleave requires_grad requires_grad_ reshape reshape_as resize
  resize_ resize_as resize_as_ resize_as_sparse_ resolve_conj resolve_neg retain_grad retains_grad roll rot90 round
  round_ row_indices rsqrt rsqrt_ scatter scatter_ scatter_add scatter_add_ scatter_reduce scatter_reduce_ select
  select_scatter set_ sgn sgn_ shape share_memory_ short sigmoid sigmoid_ sign sign_ signbit sin sin_ sinc sinc_ sinh
  sinh_ size slice_inverse slice_scatter slogdet smm softmax solve sort sparse_dim sparse_mask sparse_resize_
  sparse_resize_and_clear_ split split_with_sizes sqrt sqrt_ square square_ squeeze squeeze_ sspaddmm std stft storage
  storage_offset storage_type stride sub sub_ subtract subtract_ sum sum_to_size svd swapaxes swapaxes_ swapdims
  swapdims_ symeig t t_ take take_along_dim tan tan_ tanh tanh_ tensor_split tile to to_dense to_mkldnn to_padded_tensor
  to_sparse to_sparse_bsc to_sparse_bsr to_sparse_coo to_sparse_csc to_sparse_csr tolist topk trace transpose transpose_
  triangular_solve tril tril_ triu triu_ true_divide true_divide_ trunc trunc_ type type_as unbind unflatten unfold
  uniform_ unique unique_consecutive unsafe_chunk unsafe_split unsafe_split_with_sizes unsqueeze unsqueeze_
  untyped_storage values var vdot view view_as volatile vsplit where xlogy xlogy_ xpu zero_
torch.ao: *
torch.contrib: *
torch.masked: *
torch.mtia: *
torch.nativert: *
torch.nn.intrinsic: *
torch.nn.qat: *
torch.nn.quantizable: *
torch.nn.quantized: *
torch.numa: *
torch.onnx: *
torch.package: *
torch.quantization: *
torch.sparse.semi_structured: *
torch.utils.backcompat: *
torch.utils.bottleneck: *
torch.utils.collect_env: *
torch.utils.data.datapipes: *
torch.utils.hipify: *
torch.utils.jit: *
torch.utils.model_dump: *
torch.utils.serialization: *
torch.utils.tensorboard: *
torch.utils.viz: *
torch.utils.xray: *
torch._C: *
torch._VF: *
torch.__config__: *
torch.__future__: *
torch._appdirs: *
torch._awaits: *
torch._classes: *
torch._compile: *
torch._custom_op: *
torch._custom_ops: *
torch._decomp: *
torch._dispatch: *
torch._dynamo: *
torch._environment: *
torch._export: *
torch._functorch: *
torch._guards: *
torch._higher_order_ops: *
torch._inductor: *
torch._jit_internal: *
torch._lazy: *
torch._library: *
torch._linalg_utils: *
torch._lobpcg: *
torch._logging: *
torch._lowrank: *
torch._meta_registrations: *
torch._native: *
torch._numpy: *
torch._opaque_base: *
torch._ops: *
torch._prims: *
torch._prims_common: *
torch._python_dispatcher: *
torch._refs: *
torch._size_docs: *
torch._sources: *
torch._storage_docs: *
torch._streambase: *
torch._strobelight: *
torch._subclasses: *
torch._tensor: *
torch._tensor_docs: *
torch._tensor_iterator: *
torch._tensor_str: *
torch._thread_safe_fork: *
torch._torch_docs: *
torch._utils: *
torch._utils_internal: *
torch._vendor: *
torch._vmap_internals: *
torch._weights_only_unpickler: *
torch._C: *
"""
